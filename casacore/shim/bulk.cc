// Many rows straight from a storage manager's file, in few large reads. casacore reads a StandardStMan bucket by bucket, mostly 32
// rows with two system calls and a buffer of its own each, and a tiled column tile by tile.
#include <casacore/casa/IO/BucketFile.h>
#include <casacore/tables/DataMan/SSMBase.h>
#include <casacore/tables/DataMan/SSMColumn.h>
#include <casacore/tables/DataMan/SSMIndex.h>
#include <casacore/tables/DataMan/TSMCube.h>
#include <casacore/tables/DataMan/TSMFile.h>
#include <casacore/tables/DataMan/TiledStMan.h>
#include <casacore/tables/Tables/ColumnDesc.h>
#include <casacore/tables/Tables/TableDesc.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "expose.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

struct BucketsChanged {
  typedef Bool SSMBase::*Member;
  friend Member member_of(BucketsChanged);
};
template struct Expose<BucketsChanged, &SSMBase::isDataChanged>;

struct BucketOffsets {
  typedef Block<uInt> SSMBase::*Member;
  friend Member member_of(BucketOffsets);
};
template struct Expose<BucketOffsets, &SSMBase::itsColumnOffset>;

struct BucketIndices {
  typedef Block<uInt> SSMBase::*Member;
  friend Member member_of(BucketIndices);
};
template struct Expose<BucketIndices, &SSMBase::itsColIndexMap>;

struct Buckets {
  typedef BucketFile* SSMBase::*Member;
  friend Member member_of(Buckets);
};
template struct Expose<Buckets, &SSMBase::itsFile>;

struct TilesChanged {
  typedef Bool TiledStMan::*Member;
  friend Member member_of(TilesChanged);
};
template struct Expose<TilesChanged, &TiledStMan::dataChanged_p>;

struct Tiles {
  typedef TSMFile* TSMCube::*Member;
  friend Member member_of(Tiles);
};
template struct Expose<Tiles, &TSMCube::filePtr_p>;

struct TilesOffset {
  typedef Int64 TSMCube::*Member;
  friend Member member_of(TilesOffset);
};
template struct Expose<TilesOffset, &TSMCube::fileOffset_p>;

// Fewer rows are as quick through casacore's cache.
const uint64_t FEW = 1024;

// Bytes that are read at a time.
const uint64_t PIECE = 1 << 20;

// Where the first bucket of a StandardStMan begins in its file.
const uint64_t HEADER = 512;

bool foreign(bool big) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return !big;
#else
  return big;
#endif
}

template <class T>
void reverse_bytes(T* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    char* bytes = reinterpret_cast<char*>(values + i);
    std::reverse(bytes, bytes + sizeof(T));
  }
}

// The rows of one bucket that are wanted.
struct Part {
  rownr_t first;  // of the bucket
  rownr_t from;
  rownr_t end;
};

template <class T>
bool from_buckets(SSMBase& manager, const String& column, uint64_t start, uint64_t count, size_t per_cell, T* out) {
  uInt number = 0;
  while (number < manager.ncolumn() && manager.getColumn(number).columnName() != column) ++number;
  const uint64_t cell = per_cell * sizeof(T);
  if (manager.*member_of(BucketsChanged()) || number == manager.ncolumn() ||
      manager.getColumn(number).getExternalSizeBits() != 8 * cell) {
    return false;
  }
  rownr_t first, last;
  // The first access reads the index.
  manager.find(start, number, first, last, column);
  const uint64_t offset = (manager.*member_of(BucketOffsets()))[number];
  const SSMIndex& index = manager.getIndex((manager.*member_of(BucketIndices()))[number]);
  BucketFile& file = *(manager.*member_of(Buckets()));
  const uint64_t size = manager.getBucketSize();
  const uint64_t length = file.fileSize();
  const uint64_t end = start + count;
  std::vector<char> buffer;
  std::vector<Part> parts;
  for (uint64_t row = start; row < end;) {
    // Buckets that follow one another in the file.
    uInt bucket = 0;
    parts.clear();
    while (row < end && (parts.empty() || (parts.size() + 1) * size <= PIECE)) {
      uInt next;
      index.find(row, next, first, last, column);
      if (parts.empty()) bucket = next;
      if (next != bucket + parts.size()) break;
      Part part = {first, row, std::min<rownr_t>(last + 1, end)};
      if (part.end <= row || offset + (part.end - first) * cell > size) return false;
      parts.push_back(part);
      row = part.end;
    }
    if (HEADER + (bucket + parts.size()) * size > length) return false;
    buffer.resize(parts.size() * size);
    file.seek(static_cast<Int64>(HEADER + bucket * size));
    file.read(buffer.data(), buffer.size());
    for (size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      const char* values = buffer.data() + i * size + offset + (part.from - part.first) * cell;
      std::memcpy(out + (part.from - start) * per_cell, values, (part.end - part.from) * cell);
    }
  }
  if (foreign(manager.asBigEndian())) reverse_bytes(out, count * per_cell);
  return true;
}

// Of a cube whose tiles hold whole cells, one row after the other.
template <class T>
bool from_tiles(TiledStMan& manager, uint64_t start, uint64_t count, size_t per_cell, T* out) {
  if (manager.dataManagerType() != "TiledColumnStMan" || manager.*member_of(TilesChanged()) ||
      manager.ncolumn() != 1 || manager.nhypercubes() != 1) {
    return false;
  }
  TSMCube& cube = *manager.getTSMCube(0);
  const IPosition shape = cube.cubeShape();
  const IPosition tile = cube.tileShape();
  const size_t axes = shape.nelements();
  if (axes < 2 || tile.nelements() != axes) return false;
  const IPosition cell = shape.getFirst(axes - 1);
  if (!cell.isEqual(tile.getFirst(axes - 1)) || static_cast<size_t>(cell.product()) != per_cell ||
      static_cast<uint64_t>(shape(axes - 1)) < start + count || cube.bucketSize() != tile.product() * sizeof(T)) {
    return false;
  }
  TSMFile* of_cube = cube.*member_of(Tiles());
  if (of_cube == nullptr) return false;
  BucketFile& file = *of_cube->bucketFile();
  file.open();
  const uint64_t begin = cube.*member_of(TilesOffset()) + start * per_cell * sizeof(T);
  const uint64_t bytes = count * per_cell * sizeof(T);
  if (file.isMapped() || file.isBuffered() || static_cast<uint64_t>(file.fileSize()) < begin + bytes) return false;
  file.seek(static_cast<Int64>(begin));
  for (uint64_t done = 0; done < bytes; done += PIECE) {
    file.read(reinterpret_cast<char*>(out) + done, std::min(PIECE, bytes - done));
  }
  if (foreign(manager.asBigEndian())) reverse_bytes(out, count * per_cell);
  return true;
}

template <class T>
bool bulk(Table& table, const String& column, uint64_t start, uint64_t count, size_t per_cell, T* out) {
  if (count < FEW || plain(table) == nullptr) return false;
  const ColumnDesc& description = table.tableDesc().columnDesc(column);
  if (description.dataType() != whatType(static_cast<T*>(nullptr))) return false;
  DataManager* manager = table.findDataManager(column, True);
  if (manager->multiFile() != 0) return false;
  if (SSMBase* standard = dynamic_cast<SSMBase*>(manager)) {
    // Other arrays have a place in another file in the bucket.
    bool direct = description.isScalar() ||
                  (description.isFixedShape() && (description.options() & ColumnDesc::Direct) != 0);
    return direct && from_buckets(*standard, column, start, count, per_cell, out);
  }
  if (TiledStMan* tiled = dynamic_cast<TiledStMan*>(manager)) return from_tiles(*tiled, start, count, per_cell, out);
  return false;
}

}  // namespace

namespace nvss {

bool read_in_bulk(Table& table, const String& column, uint64_t start, uint64_t count, size_t per_cell, Int* out) {
  return bulk(table, column, start, count, per_cell, out);
}

bool read_in_bulk(Table& table, const String& column, uint64_t start, uint64_t count, size_t per_cell,
                  Double* out) {
  return bulk(table, column, start, count, per_cell, out);
}

}  // namespace nvss
