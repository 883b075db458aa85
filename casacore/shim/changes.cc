// What a flush writes besides data. casacore rewrites some small files in place, and a process killed between emptying such a
// file and filling it leaves a table that nobody can open; what need not be written is kept from being written here.
#include <casacore/tables/DataMan/DataManager.h>
#include <casacore/tables/Tables/ColumnSet.h>
#include <casacore/tables/Tables/PlainTable.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableInfo.h>

#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

// casacore has no public way to these members; an explicit instantiation may name private ones.
template <class Key, typename Key::Member member>
struct Expose {
  friend typename Key::Member member_of(Key) { return member; }
};

struct InfoToWrite {
  typedef Bool TableInfo::*Member;
  friend Member member_of(InfoToWrite);
};
template struct Expose<InfoToWrite, &TableInfo::writeIt_p>;

struct Base {
  typedef BaseTable* (Table::*Member)() const;
  friend Member member_of(Base);
};
template struct Expose<Base, &Table::baseTablePtr>;

struct Columns {
  typedef CountedPtr<ColumnSet> PlainTable::*Member;
  friend Member member_of(Columns);
};
template struct Expose<Columns, &PlainTable::colSetPtr_p>;

struct Managers {
  typedef Block<void*> ColumnSet::*Member;
  friend Member member_of(Managers);
};
template struct Expose<Managers, &ColumnSet::blockDataMan_p>;

}  // namespace

namespace nvss {

void keep_info(Table& table) { table.tableInfo().*member_of(InfoToWrite()) = False; }

}  // namespace nvss

extern "C" {

int nvss_table_mark_changed(void* table, const char* column, size_t length, int* done, NvssError* error) {
  return guard(error, [=] {
    *done = 0;
    PlainTable* plain = dynamic_cast<PlainTable*>((as_table(table).*member_of(Base()))());
    if (plain == nullptr) return;
    void* manager = plain->findDataManager(as_string(column, length), True);
    ColumnSet& columns = *(plain->*member_of(Columns()));
    Block<void*>& managers = columns.*member_of(Managers());
    Block<Bool>& changed = columns.dataManChanged();
    for (size_t i = 0; i < managers.nelements() && i < changed.nelements(); ++i) {
      if (managers[i] == manager) {
        changed[i] = True;
        *done = 1;
      }
    }
  });
}

}  // extern "C"
