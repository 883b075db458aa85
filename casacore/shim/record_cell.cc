#include <casacore/tables/Tables/ScalarColumn.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableRecord.h>

#include "codec.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

extern "C" {

int nvss_record_get(void* table, const char* column, size_t length, uint64_t row, void** out, NvssError* error) {
  return guard(error, [=] {
    ScalarColumn<TableRecord> cells(as_table(table), as_string(column, length));
    Writer writer;
    // A cell that was never written reads as an empty record.
    writer.record(cells.isDefined(row) ? cells(row) : TableRecord());
    give(out, writer.take());
  });
}

int nvss_record_put(void* table, const char* column, size_t length, uint64_t row, const char* record,
                    size_t record_length, NvssError* error) {
  return guard(error, [=] {
    ScalarColumn<TableRecord> cells(as_table(table), as_string(column, length));
    Reader reader(record, record_length);
    cells.put(row, reader.record());
  });
}

}  // extern "C"
