#include <casacore/casa/Arrays/Vector.h>
#include <casacore/tables/DataMan/TSMOption.h>
#include <casacore/tables/DataMan/TiledStManAccessor.h>
#include <casacore/tables/Tables/RowNumbers.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableAttr.h>
#include <casacore/tables/Tables/TableColumn.h>
#include <casacore/tables/Tables/TableInfo.h>
#include <casacore/tables/Tables/TableLock.h>
#include <casacore/tables/Tables/TableRecord.h>

#include <memory>

#include "codec.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

extern "C" {

const unsigned char* nvss_bytes_data(const void* bytes) {
  return reinterpret_cast<const unsigned char*>(static_cast<const std::string*>(bytes)->data());
}

size_t nvss_bytes_length(const void* bytes) { return static_cast<const std::string*>(bytes)->size(); }

void nvss_bytes_free(void* bytes) { delete static_cast<std::string*>(bytes); }

int nvss_table_open(const char* path, size_t length, int write, void** out, NvssError* error) {
  return guard(error, [=] {
    silence();
    std::unique_ptr<Table> object(
        new Table(as_path(path, length), lock_option(), write ? Table::Update : Table::Old, tile_option()));
    keep_info(*object);
    *out = object.release();
  });
}

int nvss_table_rows(void* table, uint64_t* rows, NvssError* error) {
  return guard(error, [=] { *rows = as_table(table).nrow(); });
}

int nvss_table_big(void* table, int* big, NvssError* error) {
  return guard(error, [=] { *big = as_table(table).endianFormat() == Table::BigEndian; });
}

int nvss_table_lock(void* table, int write, uint32_t attempts, int* got, NvssError* error) {
  FileLocker::LockType type = write ? FileLocker::Write : FileLocker::Read;
  return guard(error, [=] {
    Table& object = as_table(table);
    bool held = object.hasLock(FileLocker::Read);
    try {
      // 0 attempts would wait for ever.
      *got = object.lock(type, std::max<uint32_t>(attempts, 1));
    } catch (...) {
      // The lock is taken before the table is brought up to date, which may fail: do not keep it then.
      if (!held) {
        try {
          object.unlock();
        } catch (...) {
        }
      }
      throw;
    }
  });
}

int nvss_table_has_lock(void* table, int write, int* has, NvssError* error) {
  return guard(error, [=] { *has = as_table(table).hasLock(write ? FileLocker::Write : FileLocker::Read); });
}

int nvss_table_type(const char* path, size_t length, void** out, NvssError* error) {
  return guard(error, [=] {
    silence();
    give(out, std::string(TableInfo(as_path(path, length) + "/table.info").type()));
  });
}

int nvss_keyword_set(void* table, const char* column, size_t column_length, const char* record, size_t length,
                     NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    Reader reader(record, length);
    TableRecord values = reader.record();
    if (column_length == 0) {
      object.rwKeywordSet().merge(values, RecordInterface::OverwriteDuplicates);
    } else {
      TableColumn target(object, as_string(column, column_length));
      target.rwKeywordSet().merge(values, RecordInterface::OverwriteDuplicates);
    }
  });
}

int nvss_keyword_remove(void* table, const char* column, size_t column_length, const char* name, size_t length,
                        NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    String keyword = as_string(name, length);
    if (column_length == 0) {
      object.rwKeywordSet().removeField(keyword);
    } else {
      TableColumn target(object, as_string(column, column_length));
      target.rwKeywordSet().removeField(keyword);
    }
  });
}

int nvss_table_add_rows(void* table, uint64_t rows, NvssError* error) {
  return guard(error, [=] { as_table(table).addRow(rows); });
}

int nvss_table_deep_copy(void* table, const char* path, size_t length, int rows, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    Table::EndianFormat endian = object.endianFormat();
    object.deepCopy(as_path(path, length), Table::NewNoReplace, False, endian, !rows);
  });
}

int nvss_table_select(void* table, const uint64_t* rows, size_t count, void** out, NvssError* error) {
  return guard(error, [=] {
    Vector<rownr_t> numbers(count);
    for (size_t i = 0; i < count; ++i) numbers(i) = rows[i];
    *out = new Table(as_table(table)(RowNumbers(numbers)));
  });
}

int nvss_table_save(void* table, const char* path, size_t length, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    object.rename(as_path(path, length), Table::NewNoReplace);
    object.flush();
  });
}

int nvss_table_concatenate(const char* parts, size_t parts_length, const char* path, size_t length, NvssError* error) {
  return guard(error, [=] {
    silence();
    Reader reader(parts, parts_length);
    TableRecord record = reader.record();
    Block<String> names(record.nfields());
    for (uInt i = 0; i < record.nfields(); ++i) names[i] = record.tableAttributes(i).name();
    Table result(names, Block<String>(), lock_option(), Table::Old, tile_option());
    result.rename(as_path(path, length), Table::NewNoReplace);
    result.flush();
  });
}

int nvss_tile_cache(void* table, const char* column, size_t length, uint32_t mebibytes, NvssError* error) {
  return guard(error, [=] {
    ROTiledStManAccessor accessor(as_table(table), as_string(column, length), True);
    accessor.setMaximumCacheSize(mebibytes);
  });
}

int nvss_tile_forget(void* table, const char* column, size_t length, NvssError* error) {
  return guard(error, [=] {
    // Writes what is changed, then drops every tile: the next read goes to the file.
    ROTiledStManAccessor(as_table(table), as_string(column, length), True).clearCaches();
  });
}

}  // extern "C"
