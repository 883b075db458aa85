#include "codec.h"

#include <casacore/casa/Arrays/Array.h>
#include <casacore/casa/Arrays/IPosition.h>
#include <casacore/casa/Exceptions/Error.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableAttr.h>
#include <casacore/tables/Tables/TableLock.h>

#include <cstring>
#include <memory>

#include "internal.h"

using namespace casacore;

namespace nvss {

namespace {

const unsigned char ARRAY = 32;

template <class T>
void put_elements(Writer& out, const T* data, size_t count) {
  out.raw(data, count * sizeof(T));
}

// A vector of Bool could be packed; one byte each is what the format says.
void put_elements(Writer& out, const Bool* data, size_t count) {
  for (size_t i = 0; i < count; ++i) out.byte(data[i] ? 1 : 0);
}

void put_elements(Writer& out, const String* data, size_t count) {
  for (size_t i = 0; i < count; ++i) out.text(data[i]);
}

template <class T>
void put_array(Writer& out, Code code, const Array<T>& array) {
  out.byte(code + ARRAY);
  const IPosition& shape = array.shape();
  out.number(shape.nelements());
  for (size_t i = 0; i < shape.nelements(); ++i) out.number(shape(i));
  Bool copied;
  const T* data = array.getStorage(copied);
  put_elements(out, data, array.nelements());
  array.freeStorage(data, copied);
}

template <class T>
void put_scalar(Writer& out, Code code, const T& value) {
  out.byte(code);
  put_elements(out, &value, 1);
}

template <class T>
void take_elements(Reader& in, T* data, size_t count) {
  in.raw(data, count * sizeof(T));
}

void take_elements(Reader& in, Bool* data, size_t count) {
  for (size_t i = 0; i < count; ++i) data[i] = in.byte() != 0;
}

void take_elements(Reader& in, String* data, size_t count) {
  for (size_t i = 0; i < count; ++i) data[i] = in.text();
}

template <class T>
size_t least_size() {
  return sizeof(T);
}

template <>
size_t least_size<String>() {
  return sizeof(uint64_t);
}

template <class T>
Array<T> take_array(Reader& in) {
  uint64_t ndim = in.number();
  in.require(ndim, sizeof(uint64_t));
  IPosition shape(ndim);
  uint64_t count = 1;
  for (uint64_t i = 0; i < ndim; ++i) {
    shape(i) = in.number();
    count *= shape(i);
  }
  in.require(count, least_size<T>());
  std::unique_ptr<T[]> data(new T[count]);
  take_elements(in, data.get(), count);
  return Array<T>(shape, data.get(), COPY);
}

template <class T>
T take_scalar(Reader& in) {
  T value;
  take_elements(in, &value, 1);
  return value;
}

}  // namespace

Code code_of(DataType type) {
  switch (type) {
    case TpBool: case TpArrayBool: return BOOL;
    case TpUChar: case TpArrayUChar: return UCHAR;
    case TpShort: case TpArrayShort: return SHORT;
    case TpUShort: case TpArrayUShort: return USHORT;
    case TpInt: case TpArrayInt: return INT;
    case TpUInt: case TpArrayUInt: return UINT;
    case TpInt64: case TpArrayInt64: return INT64;
    case TpFloat: case TpArrayFloat: return FLOAT;
    case TpDouble: case TpArrayDouble: return DOUBLE;
    case TpComplex: case TpArrayComplex: return COMPLEX;
    case TpDComplex: case TpArrayDComplex: return DCOMPLEX;
    case TpString: case TpArrayString: return STRING;
    case TpTable: return TABLE;
    case TpRecord: return RECORD;
    default: return OTHER;
  }
}

void Writer::record(const RecordInterface& record) {
  number(record.nfields());
  for (uInt i = 0; i < record.nfields(); ++i) {
    text(record.name(i));
    field(record, i);
  }
}

void Writer::field(const RecordInterface& record, int i) {
  switch (record.dataType(i)) {
    case TpBool: put_scalar(*this, BOOL, record.asBool(i)); break;
    case TpUChar: put_scalar(*this, UCHAR, record.asuChar(i)); break;
    case TpShort: put_scalar(*this, SHORT, record.asShort(i)); break;
    case TpInt: put_scalar(*this, INT, record.asInt(i)); break;
    case TpUInt: put_scalar(*this, UINT, record.asuInt(i)); break;
    case TpInt64: put_scalar(*this, INT64, record.asInt64(i)); break;
    case TpFloat: put_scalar(*this, FLOAT, record.asFloat(i)); break;
    case TpDouble: put_scalar(*this, DOUBLE, record.asDouble(i)); break;
    case TpComplex: put_scalar(*this, COMPLEX, record.asComplex(i)); break;
    case TpDComplex: put_scalar(*this, DCOMPLEX, record.asDComplex(i)); break;
    case TpString: put_scalar(*this, STRING, record.asString(i)); break;
    case TpArrayBool: put_array(*this, BOOL, record.asArrayBool(i)); break;
    case TpArrayUChar: put_array(*this, UCHAR, record.asArrayuChar(i)); break;
    case TpArrayShort: put_array(*this, SHORT, record.asArrayShort(i)); break;
    case TpArrayInt: put_array(*this, INT, record.asArrayInt(i)); break;
    case TpArrayUInt: put_array(*this, UINT, record.asArrayuInt(i)); break;
    case TpArrayInt64: put_array(*this, INT64, record.asArrayInt64(i)); break;
    case TpArrayFloat: put_array(*this, FLOAT, record.asArrayFloat(i)); break;
    case TpArrayDouble: put_array(*this, DOUBLE, record.asArrayDouble(i)); break;
    case TpArrayComplex: put_array(*this, COMPLEX, record.asArrayComplex(i)); break;
    case TpArrayDComplex: put_array(*this, DCOMPLEX, record.asArrayDComplex(i)); break;
    case TpArrayString: put_array(*this, STRING, record.asArrayString(i)); break;
    case TpRecord:
      byte(RECORD);
      this->record(record.asRecord(i));
      break;
    case TpTable: {
      // The attributes give the name without opening a subtable that may be gone.
      const TableRecord& tables = dynamic_cast<const TableRecord&>(record);
      byte(TABLE);
      text(tables.tableAttributes(i).name());
      break;
    }
    default: throw AipsError("keyword " + record.name(i) + " has a type that is not understood");
  }
}

void Reader::raw(void* out, size_t length) {
  require(length, 1);
  std::memcpy(out, data_, length);
  data_ += length;
  left_ -= length;
}

void Reader::require(uint64_t count, size_t size) const {
  if (size > 0 && count > left_ / size) throw AipsError("a record ends too early");
}

std::string Reader::text() {
  uint64_t length = number();
  require(length, 1);
  std::string value(data_, length);
  data_ += length;
  left_ -= length;
  return value;
}

TableRecord Reader::record() {
  uint64_t count = number();
  TableRecord record;
  for (uint64_t i = 0; i < count; ++i) field(record);
  return record;
}

void Reader::field(TableRecord& record) {
  String name(text());
  unsigned char tag = byte();
  switch (tag) {
    case BOOL: record.define(name, take_scalar<Bool>(*this)); break;
    case UCHAR: record.define(name, take_scalar<uChar>(*this)); break;
    case SHORT: record.define(name, take_scalar<Short>(*this)); break;
    case INT: record.define(name, take_scalar<Int>(*this)); break;
    case UINT: record.define(name, take_scalar<uInt>(*this)); break;
    case INT64: record.define(name, take_scalar<Int64>(*this)); break;
    case FLOAT: record.define(name, take_scalar<Float>(*this)); break;
    case DOUBLE: record.define(name, take_scalar<Double>(*this)); break;
    case COMPLEX: record.define(name, take_scalar<Complex>(*this)); break;
    case DCOMPLEX: record.define(name, take_scalar<DComplex>(*this)); break;
    case STRING: record.define(name, take_scalar<String>(*this)); break;
    case BOOL + ARRAY: record.define(name, take_array<Bool>(*this)); break;
    case UCHAR + ARRAY: record.define(name, take_array<uChar>(*this)); break;
    case SHORT + ARRAY: record.define(name, take_array<Short>(*this)); break;
    case INT + ARRAY: record.define(name, take_array<Int>(*this)); break;
    case UINT + ARRAY: record.define(name, take_array<uInt>(*this)); break;
    case INT64 + ARRAY: record.define(name, take_array<Int64>(*this)); break;
    case FLOAT + ARRAY: record.define(name, take_array<Float>(*this)); break;
    case DOUBLE + ARRAY: record.define(name, take_array<Double>(*this)); break;
    case COMPLEX + ARRAY: record.define(name, take_array<Complex>(*this)); break;
    case DCOMPLEX + ARRAY: record.define(name, take_array<DComplex>(*this)); break;
    case STRING + ARRAY: record.define(name, take_array<String>(*this)); break;
    case RECORD: record.defineRecord(name, this->record()); break;
    case TABLE: {
      std::string path = this->text();
      record.defineTable(name, Table(as_path(path.data(), path.size()), lock_option(), Table::Old));
      break;
    }
    default: throw AipsError("field " + name + " has an unknown tag");
  }
}

}  // namespace nvss
