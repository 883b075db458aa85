// Storage managers whose number of rows is not the table's, as a process leaves them that is killed between writing the one and
// the other.
#include <casacore/tables/DataMan/SSMBase.h>
#include <casacore/tables/DataMan/SSMIndex.h>
#include <casacore/tables/Tables/ColumnSet.h>
#include <casacore/tables/Tables/PlainTable.h>

#include "expose.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

struct StandardCache {
  typedef BucketCache& (SSMBase::*Member)();
  friend Member member_of(StandardCache);
};
template struct Expose<StandardCache, &SSMBase::getCache>;

struct StandardIndices {
  typedef PtrBlock<SSMIndex*> SSMBase::*Member;
  friend Member member_of(StandardIndices);
};
template struct Expose<StandardIndices, &SSMBase::itsPtrIndex>;

struct StandardUsed {
  typedef uInt SSMIndex::*Member;
  friend Member member_of(StandardUsed);
};
template struct Expose<StandardUsed, &SSMIndex::itsNUsed>;

struct StandardLast {
  typedef Block<rownr_t> SSMIndex::*Member;
  friend Member member_of(StandardLast);
};
template struct Expose<StandardLast, &SSMIndex::itsLastRow>;

struct Resync {
  typedef rownr_t (DataManager::*Member)(rownr_t);
  friend Member member_of(Resync);
};
template struct Expose<Resync, &DataManager::resync64>;

struct AddRow {
  typedef void (DataManager::*Member)(rownr_t);
  friend Member member_of(AddRow);
};
template struct Expose<AddRow, &DataManager::addRow64>;

struct RemoveRow {
  typedef void (DataManager::*Member)(rownr_t);
  friend Member member_of(RemoveRow);
};
template struct Expose<RemoveRow, &DataManager::removeRow64>;

// The rows that the storage manager's own index knows; `otherwise` where it has none.
rownr_t rows_of(DataManager& manager, rownr_t otherwise) {
  if (SSMBase* standard = dynamic_cast<SSMBase*>(&manager)) {
    (standard->*member_of(StandardCache()))();
    PtrBlock<SSMIndex*>& indices = standard->*member_of(StandardIndices());
    if (indices.nelements() == 0) return otherwise;
    SSMIndex& index = *indices[0];
    uInt used = index.*member_of(StandardUsed());
    return used == 0 ? 0 : (index.*member_of(StandardLast()))[used - 1] + 1;
  }
  return otherwise;
}

}  // namespace

extern "C" {

int nvss_table_mend_rows(void* table, uint64_t* mended, NvssError* error) {
  return guard(error, [=] {
    *mended = 0;
    PlainTable* object = plain(as_table(table));
    if (object == nullptr) return;
    const rownr_t rows = object->nrow();
    Block<void*>& managers = managers_of(columns_of(*object));
    for (size_t i = 0; i < managers.nelements(); ++i) {
      DataManager& manager = *static_cast<DataManager*>(managers[i]);
      rownr_t found = rows_of(manager, rows);
      if (found == rows) continue;
      (manager.*member_of(Resync()))(found);
      for (; found > rows; --found) (manager.*member_of(RemoveRow()))(found - 1);
      if (found < rows) (manager.*member_of(AddRow()))(rows - found);
      ++*mended;
    }
  });
}

}  // extern "C"
