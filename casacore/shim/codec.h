// Records as bytes; the format is described in src/codec.rs.
#ifndef NVSS_CODEC_H
#define NVSS_CODEC_H

#include <casacore/casa/Containers/RecordInterface.h>
#include <casacore/tables/Tables/TableRecord.h>

#include <cstdint>
#include <string>

namespace nvss {

// Appends to a string of bytes.
class Writer {
 public:
  void number(uint64_t value) { raw(&value, sizeof value); }
  void byte(unsigned char value) { raw(&value, 1); }
  void raw(const void* data, size_t length) { bytes_.append(static_cast<const char*>(data), length); }
  void text(const std::string& value) {
    number(value.size());
    bytes_.append(value);
  }
  void record(const casacore::RecordInterface& record);
  std::string&& take() { return std::move(bytes_); }

 private:
  void field(const casacore::RecordInterface& record, int index);
  std::string bytes_;
};

// Takes bytes apart; throws when they end too early.
class Reader {
 public:
  Reader(const char* data, size_t length) : data_(data), left_(length) {}
  uint64_t number() { return scalar<uint64_t>(); }
  unsigned char byte() { return scalar<unsigned char>(); }
  std::string text();
  casacore::TableRecord record();
  bool empty() const { return left_ == 0; }
  template <class T>
  T scalar() {
    T value;
    raw(&value, sizeof value);
    return value;
  }
  void raw(void* out, size_t length);
  // Checks that `count` items of `size` bytes at least are left, before memory for them is asked for.
  void require(uint64_t count, size_t size) const;

 private:
  void field(casacore::TableRecord& record);
  const char* data_;
  size_t left_;
};

}  // namespace nvss

#endif
