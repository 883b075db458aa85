// What the shim's files share: catching exceptions, strings, and the codes of the data types.
#ifndef NVSS_INTERNAL_H
#define NVSS_INTERNAL_H

#include <casacore/casa/BasicSL/String.h>
#include <casacore/casa/Arrays/IPosition.h>
#include <casacore/casa/Containers/Block.h>
#include <casacore/casa/Exceptions/Error.h>
#include <casacore/casa/Logging/LogSink.h>
#include <casacore/casa/Logging/NullLogSink.h>
#include <casacore/casa/OS/Path.h>
#include <casacore/casa/Utilities/DataType.h>
#include <casacore/tables/DataMan/TSMOption.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableLock.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

#include "shim.h"

namespace casacore {
class BaseTable;
class ColumnSet;
class PlainTable;
}  // namespace casacore

namespace nvss {

// The codes of src/ffi.rs and src/codec.rs.
enum Code {
  BOOL = 0, UCHAR, SHORT, USHORT, INT, UINT, INT64, FLOAT, DOUBLE, COMPLEX, DCOMPLEX, STRING, TABLE, RECORD, OTHER
};

Code code_of(casacore::DataType type);

inline void message(NvssError* error, const char* text) {
  error->length = std::min(std::strlen(text), static_cast<size_t>(NVSS_MESSAGE));
  std::memcpy(error->text, text, error->length);
}

// Runs `body` and turns whatever it throws into a message.
template <class Body>
int guard(NvssError* error, Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception& exception) {
    message(error, exception.what());
  } catch (...) {
    message(error, "an exception of unknown type");
  }
  return 1;
}

inline casacore::Table& as_table(void* table) { return *static_cast<casacore::Table*>(table); }

inline casacore::String as_string(const char* text, size_t length) {
  return casacore::String(std::string(text, length));
}

// An absolute path, refused where casacore would put the value of an environment variable into it.
inline casacore::String as_path(const char* text, size_t length) {
  casacore::String path = as_string(text, length);
  casacore::String expanded = casacore::Path(path).absoluteName();
  if (expanded != path) {
    throw casacore::AipsError("casacore takes the '$' in this path for a variable and would use " + expanded +
                              "; rename the folder");
  }
  return path;
}

// Hands a string to Rust, which frees it with nvss_bytes_free.
inline void give(void** out, std::string&& bytes) { *out = new std::string(std::move(bytes)); }

casacore::BaseTable& base(casacore::Table& table);

// The table with files of its own behind `table`; none where it refers to rows of others.
casacore::PlainTable* plain(casacore::Table& table);

// Fills `out` with the values of rows, `per_cell` of them each, straight from the storage manager's file; false where that cannot
// be done exactly, or gains nothing: it is then for casacore to read them.
bool read_in_bulk(casacore::Table& table, const casacore::String& column, uint64_t start, uint64_t count,
                  size_t per_cell, casacore::Int* out);
bool read_in_bulk(casacore::Table& table, const casacore::String& column, uint64_t start, uint64_t count,
                  size_t per_cell, casacore::Double* out);
template <class T>
bool read_in_bulk(casacore::Table&, const casacore::String&, uint64_t, uint64_t, size_t, T*) {
  return false;
}

// The table's type and readme are as its `table.info` says: the next flush need not write it.
void keep_info(casacore::Table& table);

casacore::BaseTable& base(casacore::Table& table);

// The table with files of its own behind `table`; none where it refers to rows of others.
casacore::PlainTable* plain(casacore::Table& table);

casacore::ColumnSet& columns_of(casacore::PlainTable& table);

casacore::Block<void*>& managers_of(casacore::ColumnSet& columns);

// A library does not print: casacore's log messages go nowhere.
inline void silence() {
  static std::once_flag once;
  std::call_once(once, [] {
    casacore::LogSinkInterface* sink = new casacore::NullLogSink;
    casacore::LogSink::globalSink(sink);
  });
}

// Reading needs no lock, writing takes one when the caller says so: opening never waits.
inline casacore::TableLock lock_option() { return casacore::TableLock(casacore::TableLock::UserNoReadLocking); }

// Memory-mapped tiles kill the process when the disk is full or a file is cut short; the cache gives errors.
inline casacore::TSMOption tile_option() { return casacore::TSMOption(casacore::TSMOption::Cache, 0, -1); }

}  // namespace nvss

#endif
