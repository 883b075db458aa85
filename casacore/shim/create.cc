#include <casacore/casa/Arrays/Vector.h>
#include <casacore/casa/Containers/Record.h>
#include <casacore/casa/Exceptions/Error.h>
#include <casacore/tables/DataMan/TSMOption.h>
#include <casacore/tables/Tables/ArrColDesc.h>
#include <casacore/tables/Tables/ColumnDesc.h>
#include <casacore/tables/Tables/ScaColDesc.h>
#include <casacore/tables/Tables/ScaRecordColDesc.h>
#include <casacore/tables/Tables/SetupNewTab.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableDesc.h>
#include <casacore/tables/Tables/TableInfo.h>
#include <casacore/tables/Tables/TableLock.h>
#include <casacore/tables/Tables/TableRecord.h>

#include <memory>

#include "codec.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

template <class T>
void add_typed(TableDesc& description, const String& name, const TableRecord& spec) {
  String comment = spec.asString("comment");
  String kind = spec.asString("kind");
  String manager = spec.asString("manager");
  if (spec.isDefined("scalar")) {
    description.addColumn(ScalarColumnDesc<T>(name, comment, kind, manager));
  } else if (spec.isDefined("shape")) {
    Vector<Int64> sizes(spec.asArrayInt64("shape"));
    IPosition shape(sizes.nelements());
    for (size_t i = 0; i < sizes.nelements(); ++i) shape(i) = sizes(i);
    description.addColumn(ArrayColumnDesc<T>(name, comment, kind, manager, shape, ColumnDesc::FixedShape));
  } else {
    description.addColumn(ArrayColumnDesc<T>(name, comment, kind, manager, spec.asInt("ndim")));
  }
}

void add_column(TableDesc& description, const String& name, const TableRecord& spec) {
  switch (spec.asInt("type")) {
    case BOOL: add_typed<Bool>(description, name, spec); break;
    case UCHAR: add_typed<uChar>(description, name, spec); break;
    case SHORT: add_typed<Short>(description, name, spec); break;
    case USHORT: add_typed<uShort>(description, name, spec); break;
    case INT: add_typed<Int>(description, name, spec); break;
    case UINT: add_typed<uInt>(description, name, spec); break;
    case INT64: add_typed<Int64>(description, name, spec); break;
    case FLOAT: add_typed<Float>(description, name, spec); break;
    case DOUBLE: add_typed<Double>(description, name, spec); break;
    case COMPLEX: add_typed<Complex>(description, name, spec); break;
    case DCOMPLEX: add_typed<DComplex>(description, name, spec); break;
    case STRING: add_typed<String>(description, name, spec); break;
    case RECORD:
      description.addColumn(ScalarRecordColumnDesc(name, spec.asString("comment"), spec.asString("kind"),
                                                   spec.asString("manager")));
      break;
    default: throw AipsError("column " + name + " cannot have this type");
  }
  description.rwColumnDesc(name).rwKeywordSet().merge(spec.subRecord("keywords"));
}

TableDesc describe(const TableRecord& spec) {
  const TableRecord& columns = spec.subRecord("columns");
  TableDesc description("", "", TableDesc::Scratch);
  for (uInt i = 0; i < columns.nfields(); ++i) add_column(description, columns.name(i), columns.subRecord(i));
  return description;
}

}  // namespace

extern "C" {

int nvss_table_create(const char* path, size_t length, const char* spec, size_t spec_length, uint64_t rows, int big,
                      void** out, NvssError* error) {
  return guard(error, [=] {
    silence();
    Reader reader(spec, spec_length);
    TableRecord record = reader.record();
    SetupNewTable setup(as_path(path, length), describe(record), Table::NewNoReplace);
    setup.bindCreate(record.subRecord("managers").toRecord());
    std::unique_ptr<Table> table(new Table(setup, lock_option(), rows, False,
                                           big ? Table::BigEndian : Table::LittleEndian,
                                           tile_option()));
    if (!table->lock(FileLocker::Write, 1)) throw AipsError("another process took its lock at once");
    table->tableInfo().setType(record.asString("kind"));
    table->flushTableInfo();
    table->flush();
    *out = table.release();
  });
}

int nvss_table_add_columns(void* table, const char* spec, size_t length, NvssError* error) {
  return guard(error, [=] {
    Reader reader(spec, length);
    TableRecord record = reader.record();
    as_table(table).addColumn(describe(record), record.subRecord("managers").toRecord(), False);
  });
}

}  // extern "C"
