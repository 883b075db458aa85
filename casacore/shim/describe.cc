#include <casacore/casa/Containers/Record.h>
#include <casacore/casa/Exceptions/Error.h>
#include <casacore/tables/DataMan/DataManager.h>
#include <casacore/tables/Tables/ColumnDesc.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableColumn.h>
#include <casacore/tables/Tables/TableDesc.h>
#include <casacore/tables/Tables/TableRecord.h>

#include <vector>

#include "codec.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

enum Topic { COLUMNS, COLUMN, MANAGERS, MANAGER_INFO, KEYWORDS, COLUMN_KEYWORDS, PARTS };

// A field that Rust reads as a path: strings may be changed to be UTF-8, paths are not.
void put_path(Writer& out, const char* name, const String& path) {
  out.text(name);
  out.byte(TABLE);
  out.text(path);
}

void put_text(Writer& out, const char* name, const String& value) {
  out.text(name);
  out.byte(STRING);
  out.text(value);
}

// The fields of a column's data manager; a file only where the manager has one of its own.
void put_manager(Writer& out, const Table& table, const String& column) {
  DataManager* manager = table.findDataManager(column, True);
  bool has_file = manager->isStorageManager() && manager->multiFile() == 0;
  out.number(has_file ? 5 : 4);
  put_text(out, "name", manager->dataManagerName());
  put_text(out, "kind", manager->dataManagerType());
  put_text(out, "comment", table.tableDesc().columnDesc(column).comment());
  out.text("sequence");
  out.byte(INT64);
  out.number(manager->sequenceNr());
  if (has_file) put_path(out, "file", manager->fileName());
}

void put_parts(Writer& out, const Table& table) {
  Block<String> parts = table.getPartNames(True);
  out.number(2);
  put_path(out, "own", table.tableName());
  out.text("parts");
  out.byte(RECORD);
  out.number(parts.nelements());
  for (size_t i = 0; i < parts.nelements(); ++i) put_path(out, String::toString(i).c_str(), parts[i]);
}

void put_columns(Writer& out, const Table& table) {
  Record record;
  record.define("names", table.tableDesc().columnNames());
  out.record(record);
}

void put_managers(Writer& out, const Table& table) {
  Vector<String> names = table.tableDesc().columnNames();
  out.number(names.nelements());
  for (size_t i = 0; i < names.nelements(); ++i) {
    out.text(names[i]);
    out.byte(RECORD);
    put_manager(out, table, names[i]);
  }
}

// casacore's `dataManagerInfo` for the manager of one column alone: that of all opens the files of all.
Record manager_info(const Table& table, const String& column) {
  const DataManager* manager = table.findDataManager(column, True);
  std::vector<String> columns;
  Vector<String> names = table.tableDesc().columnNames();
  for (size_t i = 0; i < names.nelements(); ++i) {
    if (table.findDataManager(names[i], True) == manager) columns.push_back(names[i]);
  }
  Record info;
  info.define("TYPE", manager->dataManagerType());
  info.define("NAME", manager->dataManagerName());
  manager->dataManagerInfo(info);
  info.define("COLUMNS", Vector<String>(columns));
  Record all;
  all.defineRecord("*1", info);
  return all;
}

}  // namespace

extern "C" {

int nvss_table_describe(void* table, int topic, const char* name, size_t length, void** out, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    String column = as_string(name, length);
    Writer writer;
    switch (topic) {
      case COLUMNS: put_columns(writer, object); break;
      case COLUMN: put_manager(writer, object, column); break;
      case MANAGERS: put_managers(writer, object); break;
      case MANAGER_INFO:
        // Tables that refer to others know their managers together only.
        writer.record(column.empty() || plain(object) == nullptr ? object.dataManagerInfo()
                                                                 : manager_info(object, column));
        break;
      case KEYWORDS: writer.record(object.keywordSet()); break;
      case COLUMN_KEYWORDS: writer.record(TableColumn(object, column).keywordSet()); break;
      case PARTS: put_parts(writer, object); break;
      default: throw AipsError("unknown topic");
    }
    give(out, writer.take());
  });
}

int nvss_column_kind(void* table, const char* column, size_t length, NvssColumnKind* kind, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    String name = as_string(column, length);
    kind->exists = object.tableDesc().isColumn(name);
    if (!kind->exists) return;
    const ColumnDesc& description = object.tableDesc().columnDesc(name);
    kind->data_type = code_of(description.dataType());
    kind->scalar = description.isScalar();
    kind->fixed = description.isFixedShape();
    kind->stored = object.isColumnStored(name);
    kind->writable = object.isColumnWritable(name);
    kind->ndim = 0;
    if (kind->scalar) return;
    kind->ndim = std::max(description.ndim(), 0);
    if (kind->fixed) {
      const IPosition& shape = description.shape();
      if (shape.nelements() > NVSS_MAX_AXES) throw AipsError("column " + name + " has too many axes");
      kind->ndim = shape.nelements();
      for (size_t i = 0; i < shape.nelements(); ++i) kind->shape[i] = shape(i);
    }
  });
}

}  // extern "C"
