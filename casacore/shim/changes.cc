// What a flush writes besides data. casacore rewrites some small files in place, and a process killed between emptying such a
// file and filling it leaves a table that nobody can open; and it fills a new column with zeros, byte by byte, that the disk
// then has to take. What need not be written is kept from being written here.
#include <casacore/tables/DataMan/DataManager.h>
#include <casacore/tables/DataMan/TSMCube.h>
#include <casacore/tables/DataMan/TSMFile.h>
#include <casacore/tables/DataMan/TiledStMan.h>
#include <casacore/tables/Tables/ColumnSet.h>
#include <casacore/tables/Tables/PlainTable.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableInfo.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "expose.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

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

struct CubeFile {
  typedef TSMFile* TSMCube::*Member;
  friend Member member_of(CubeFile);
};
template struct Expose<CubeFile, &TSMCube::filePtr_p>;

struct DropCache {
  typedef void (TSMCube::*Member)();
  friend Member member_of(DropCache);
};
template struct Expose<DropCache, &TSMCube::deleteCache>;

// Makes a file `size` bytes long with all its blocks taken where the file system can, so that it cannot run full later.
void reserve(const String& path, off_t size) {
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) throw AipsError(path + ": " + std::strerror(errno));
#ifdef __linux__
  int code = ::fallocate(file, 0, 0, size);
  if (code != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) code = ::ftruncate(file, size);
#else
  int code = ::ftruncate(file, size);
#endif
  int reason = errno;
  ::close(file);
  if (code != 0) throw AipsError(path + ": " + std::strerror(reason));
}

}  // namespace

namespace nvss {

void keep_info(Table& table) { table.tableInfo().*member_of(InfoToWrite()) = False; }

BaseTable& base(Table& table) { return *(table.*member_of(Base()))(); }

PlainTable* plain(Table& table) { return dynamic_cast<PlainTable*>(&base(table)); }

}  // namespace nvss

extern "C" {

int nvss_table_mark_changed(void* table, const char* column, size_t length, int* done, NvssError* error) {
  return guard(error, [=] {
    *done = 0;
    PlainTable* object = plain(as_table(table));
    if (object == nullptr) return;
    void* manager = object->findDataManager(as_string(column, length), True);
    ColumnSet& columns = *(object->*member_of(Columns()));
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

int nvss_table_touch(void* table, NvssError* error) {
  // Asking for the keywords to change them marks the table as changed.
  return guard(error, [=] { as_table(table).rwKeywordSet(); });
}

int nvss_column_reserve(void* table, const char* column, size_t length, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    String name = as_string(column, length);
    if (plain(object) == nullptr) return;
    TiledStMan* manager = dynamic_cast<TiledStMan*>(object.findDataManager(name, True));
    if (manager == nullptr) return;
    try {
      for (uInt i = 0; i < manager->nhypercubes(); ++i) {
        TSMCube& cube = *manager->getTSMCube(i);
        TSMFile* file = cube.*member_of(CubeFile());
        if (file == nullptr || cube.cubeShape().nelements() == 0) continue;
        reserve(file->bucketFile()->name(), static_cast<off_t>(file->length()));
        // The cube's next cache finds all its tiles in the file.
        (cube.*member_of(DropCache()))();
      }
    } catch (...) {
      object.removeColumn(name);
      throw;
    }
  });
}

}  // extern "C"
