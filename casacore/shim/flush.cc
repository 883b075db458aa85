// How what is in memory comes into files: nothing that others read is emptied first, and nothing fails in a destructor.
//
// casacore writes the header of a tiled storage manager into its file after emptying it: a process killed in between leaves a
// table that nobody can open. And its tables write their description once more as they are destroyed: an exception there (the
// disk is full, the permission is gone) ends the process. So headers are written beside their files and renamed into their
// places, and a table that is closed has been flushed and has nothing left to write.
#include <casacore/casa/IO/AipsIO.h>
#include <casacore/casa/IO/LockFile.h>
#include <casacore/casa/IO/MemoryIO.h>
#include <casacore/tables/DataMan/TiledStMan.h>
#include <casacore/tables/Tables/ColumnSet.h>
#include <casacore/tables/Tables/PlainTable.h>
#include <casacore/tables/Tables/TableLockData.h>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expose.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

struct Changed {
  typedef Bool TiledStMan::*Member;
  friend Member member_of(Changed);
};
template struct Expose<Changed, &TiledStMan::dataChanged_p>;

struct Flush {
  typedef Bool (DataManager::*Member)(AipsIO&, Bool);
  friend Member member_of(Flush);
};
template struct Expose<Flush, &DataManager::flush>;

struct Name {
  typedef String BaseTable::*Member;
  friend Member member_of(Name);
};
template struct Expose<Name, &BaseTable::name_p>;

struct Lock {
  typedef TableLockData* PlainTable::*Member;
  friend Member member_of(Lock);
};
template struct Expose<Lock, &PlainTable::lockPtr_p>;

struct LockOnFile {
  typedef LockFile* TableLockData::*Member;
  friend Member member_of(LockOnFile);
};
template struct Expose<LockOnFile, &TableLockData::itsLock>;

// Does something with each table that has files of its own.
template <class Action>
void each_plain(Table& table, Action action) {
  if (PlainTable* own = plain(table)) return action(*own);
  Block<String> parts = table.getPartNames(True);
  for (size_t i = 0; i < parts.nelements(); ++i) {
    // It is open already: this is one more handle of it.
    Table part(parts[i], lock_option(), Table::Old, tile_option());
    if (PlainTable* own = plain(part)) action(*own);
  }
}

[[noreturn]] void fail(const String& path) { throw AipsError(path + ": " + std::strerror(errno)); }

// A folder of the table under whose name it writes as long as this lives; gone afterwards.
class Elsewhere {
 public:
  explicit Elsewhere(PlainTable& table)
      : name_(static_cast<BaseTable&>(table).*member_of(Name())), own_(name_), folder_(name_ + "/table.flushed") {
    // One that is there was left by a process that was killed.
    if (::mkdir(folder_.c_str(), 0777) != 0 && errno != EEXIST) fail(folder_);
    name_ = folder_;
  }

  ~Elsewhere() {
    name_ = own_;
    ::rmdir(folder_.c_str());
  }

 private:
  String& name_;
  String own_;
  String folder_;
};

// Brings a file to the disk, with the permissions of the one whose place it takes.
void take_place(const String& fresh, const String& place, const struct stat& old) {
  int file = ::open(fresh.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) fail(fresh);
  // Only root may give files away; a group that one does not belong to stays behind.
  if (::fchown(file, old.st_uid, old.st_gid) != 0 && ::fchown(file, static_cast<uid_t>(-1), old.st_gid) != 0) errno = 0;
  bool done = ::fchmod(file, old.st_mode & 07777) == 0 && ::fsync(file) == 0;
  int reason = errno;
  ::close(file);
  if (done && ::rename(fresh.c_str(), place.c_str()) == 0) return;
  if (done) reason = errno;
  ::unlink(fresh.c_str());
  errno = reason;
  fail(place);
}

// Writes the headers of tiled storage managers that changed, with all their tiles.
void write_headers(PlainTable& table) {
  ColumnSet& columns = columns_of(table);
  Block<void*>& managers = managers_of(columns);
  for (size_t i = 0; i < managers.nelements(); ++i) {
    TiledStMan* manager = dynamic_cast<TiledStMan*>(static_cast<DataManager*>(managers[i]));
    if (manager == nullptr || !(manager->*member_of(Changed())) || manager->multiFile() != nullptr) continue;
    String place = manager->fileName();
    struct stat old;
    // A new column's header is in nobody's way, and what is no file of the table's own casacore treats as it does.
    if (::lstat(place.c_str(), &old) != 0 || !S_ISREG(old.st_mode)) continue;
    if (::access(place.c_str(), W_OK) != 0) fail(place);
    {
      Elsewhere elsewhere(table);
      String fresh = manager->fileName();
      MemoryIO memory;
      AipsIO description(&memory);
      try {
        (manager->*member_of(Flush()))(description, False);
        take_place(fresh, place, old);
      } catch (...) {
        manager->*member_of(Changed()) = True;
        ::unlink(fresh.c_str());
        throw;
      }
    }
    // The table's own flush finds nothing to do any more; others are to learn of the change all the same.
    Block<Bool>& changed = columns.dataManChanged();
    size_t known = changed.nelements();
    if (known < managers.nelements()) {
      changed.resize(managers.nelements(), True, True);
      for (size_t j = known; j < changed.nelements(); ++j) changed[j] = False;
    }
    changed[i] = True;
    table.setTableChanged();
  }
}

void flush(Table& table) {
  each_plain(table, write_headers);
  table.flush();
}

// Lets go of the lock without writing anything.
void let_go(Table& table) {
  each_plain(table, [](PlainTable& part) {
    LockFile* lock = (part.*member_of(Lock()))->*member_of(LockOnFile());
    if (lock != nullptr) lock->release();
  });
}

}  // namespace

extern "C" {

int nvss_table_flush(void* table, NvssError* error) {
  return guard(error, [=] { flush(as_table(table)); });
}

int nvss_table_unlock(void* table, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    if (object.isWritable() && object.hasLock(FileLocker::Write)) each_plain(object, write_headers);
    object.unlock();
  });
}

int nvss_table_close(void* table, NvssError* error) {
  // What can fail is done before the destructor, which then writes nothing; after a failure the table leaks, without its lock.
  return guard(error, [=] {
    Table* object = static_cast<Table*>(table);
    if (object->isWritable()) {
      try {
        // As casacore's destructor would: the number of rows may stand in table.lock alone.
        if (object->hasLock(FileLocker::Write)) each_plain(*object, [](PlainTable& part) { part.setTableChanged(); });
        flush(*object);
        each_plain(*object, [](PlainTable& part) { part.doNotWrite(); });
        base(*object).doNotWrite();
      } catch (...) {
        try {
          let_go(*object);
        } catch (...) {
        }
        throw;
      }
    }
    delete object;
  });
}

}  // extern "C"
