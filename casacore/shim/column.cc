#include <casacore/casa/Arrays/Array.h>
#include <casacore/casa/Arrays/Slicer.h>
#include <casacore/casa/Arrays/Vector.h>
#include <casacore/casa/Exceptions/Error.h>
#include <casacore/tables/DataMan/DataManager.h>
#include <casacore/tables/Tables/ArrayColumn.h>
#include <casacore/tables/Tables/ColumnDesc.h>
#include <casacore/tables/Tables/ScalarColumn.h>
#include <casacore/tables/Tables/Table.h>
#include <casacore/tables/Tables/TableColumn.h>
#include <casacore/tables/Tables/TableDesc.h>

#include <limits>
#include <memory>
#include <sstream>
#include <type_traits>

#include "codec.h"
#include "internal.h"

using namespace casacore;
using namespace nvss;

namespace {

// A range of rows of one column.
struct Range {
  Table& table;
  String column;
  uint64_t start;
  uint64_t count;

  Slicer slicer() const { return Slicer(IPosition(1, start), IPosition(1, count)); }
  bool scalar() const { return table.tableDesc().columnDesc(column).isScalar(); }
  Code code() const { return code_of(table.tableDesc().columnDesc(column).dataType()); }
};

// The shape of all cells together, rows last, as casacore wants it.
IPosition whole_shape(const Range& range) {
  if (range.scalar()) return IPosition(1, range.count);
  IPosition shape = TableColumn(range.table, range.column).shape(range.start);
  shape.append(IPosition(1, range.count));
  return shape;
}

bool holds_single_cells(const Table& table, const String& column) {
  if (!table.tableDesc().isColumn(column)) return false;
  return table.findDataManager(column, True)->dataManagerType() == "TiledCellStMan";
}

// Whether the cells must be moved one by one: a TiledCellStMan has no hypercube that spans rows, and says so with an exception.
bool one_by_one(const Range& range) {
  Block<String> parts = range.table.getPartNames(True);
  if (parts.nelements() == 1) return holds_single_cells(range.table, range.column);
  for (size_t i = 0; i < parts.nelements(); ++i) {
    Table part(parts[i], lock_option(), Table::Old, tile_option());
    if (holds_single_cells(part, range.column)) return true;
  }
  return false;
}

// The cell of one row, sharing the memory of the whole.
template <class T>
Array<T> cell(const Array<T>& array, uint64_t index) {
  IPosition shape = array.shape().getFirst(array.ndim() - 1);
  T* data = const_cast<T*>(array.data()) + index * shape.product();
  return Array<T>(shape, data, SHARE);
}

template <class T>
void get(const Range& range, Array<T>& array) {
  if (range.count == 0) return;
  if (read_in_bulk(range.table, range.column, range.start, range.count, array.nelements() / range.count, array.data())) return;
  if (range.scalar()) {
    Vector<T> vector(array);
    ScalarColumn<T>(range.table, range.column).getColumnRange(range.slicer(), vector, False);
    return;
  }
  ArrayColumn<T> column(range.table, range.column);
  if (!one_by_one(range)) return column.getColumnRange(range.slicer(), array, False);
  for (uint64_t i = 0; i < range.count; ++i) {
    Array<T> target = cell(array, i);
    column.get(range.start + i, target, False);
  }
}

template <class T>
void put(const Range& range, const Array<T>& array) {
  if (range.scalar()) {
    ScalarColumn<T>(range.table, range.column).putColumnRange(range.slicer(), Vector<T>(array));
    return;
  }
  ArrayColumn<T> column(range.table, range.column);
  if (!one_by_one(range)) return column.putColumnRange(range.slicer(), array);
  for (uint64_t i = 0; i < range.count; ++i) column.put(range.start + i, cell(array, i));
}

[[noreturn]] void wrong_type(const Range& range) {
  throw AipsError("column " + range.column + " has another type");
}

// Reads T, straight into Rust's memory.
template <class T>
void get_same(const Range& range, const IPosition& shape, T* out) {
  Array<T> array(shape, out, SHARE);
  get(range, array);
}

// Reads From and widens it to To.
template <class From, class To>
void get_wider(const Range& range, const IPosition& shape, To* out) {
  Array<From> array(shape);
  get(range, array);
  std::copy(array.cbegin(), array.cend(), out);
}

template <class T>
void put_same(const Range& range, const IPosition& shape, const T* data) {
  Array<T> array(shape, const_cast<T*>(data), SHARE);
  put(range, array);
}

// Narrows integers of type From to To, all of which must fit, and writes them.
template <class To, class From>
void put_narrower(const Range& range, const IPosition& shape, const From* data) {
  Array<To> array(shape);
  typename Array<To>::contiter out = array.cbegin();
  const size_t count = array.nelements();
  for (size_t i = 0; i < count; ++i, ++out) {
    To value = static_cast<To>(data[i]);
    // The second test catches a negative number that wraps to the same value on the way back.
    if (static_cast<From>(value) != data[i] || (value < To(0)) != (data[i] < From(0))) {
      std::ostringstream text;
      text << "the value " << data[i] << " does not fit the type of column " << range.column;
      throw AipsError(text.str());
    }
    *out = value;
  }
  put(range, array);
}

void get_int(const Range& range, const IPosition& shape, Int* out) {
  switch (range.code()) {
    case UCHAR: get_wider<uChar>(range, shape, out); break;
    case SHORT: get_wider<Short>(range, shape, out); break;
    case USHORT: get_wider<uShort>(range, shape, out); break;
    case INT: get_same(range, shape, out); break;
    default: wrong_type(range);
  }
}

void get_uint(const Range& range, const IPosition& shape, uInt* out) {
  switch (range.code()) {
    case UCHAR: get_wider<uChar>(range, shape, out); break;
    case USHORT: get_wider<uShort>(range, shape, out); break;
    case UINT: get_same(range, shape, out); break;
    default: wrong_type(range);
  }
}

void get_int64(const Range& range, const IPosition& shape, Int64* out) {
  switch (range.code()) {
    case UCHAR: get_wider<uChar>(range, shape, out); break;
    case SHORT: get_wider<Short>(range, shape, out); break;
    case USHORT: get_wider<uShort>(range, shape, out); break;
    case INT: get_wider<Int>(range, shape, out); break;
    case UINT: get_wider<uInt>(range, shape, out); break;
    case INT64: get_same(range, shape, out); break;
    default: wrong_type(range);
  }
}

void get_any(const Range& range, int type, const IPosition& shape, void* out) {
  Code found = range.code();
  switch (type) {
    case INT: return get_int(range, shape, static_cast<Int*>(out));
    case UINT: return get_uint(range, shape, static_cast<uInt*>(out));
    case INT64: return get_int64(range, shape, static_cast<Int64*>(out));
    case DOUBLE:
      if (found == FLOAT) return get_wider<Float>(range, shape, static_cast<Double*>(out));
      break;
    case DCOMPLEX:
      if (found == COMPLEX) return get_wider<Complex>(range, shape, static_cast<DComplex*>(out));
      break;
    default: break;
  }
  if (found != type) wrong_type(range);
  switch (type) {
    case BOOL: return get_same(range, shape, static_cast<Bool*>(out));
    case FLOAT: return get_same(range, shape, static_cast<Float*>(out));
    case DOUBLE: return get_same(range, shape, static_cast<Double*>(out));
    case COMPLEX: return get_same(range, shape, static_cast<Complex*>(out));
    case DCOMPLEX: return get_same(range, shape, static_cast<DComplex*>(out));
    default: wrong_type(range);
  }
}

template <class From>
void put_integers(const Range& range, const IPosition& shape, const From* data) {
  switch (range.code()) {
    case UCHAR: put_narrower<uChar>(range, shape, data); break;
    case SHORT: put_narrower<Short>(range, shape, data); break;
    case USHORT: put_narrower<uShort>(range, shape, data); break;
    case INT: put_narrower<Int>(range, shape, data); break;
    case UINT: put_narrower<uInt>(range, shape, data); break;
    case INT64: put_narrower<Int64>(range, shape, data); break;
    default: wrong_type(range);
  }
}

void put_any(const Range& range, int type, const IPosition& shape, const void* data) {
  Code found = range.code();
  if (found != type) {
    switch (type) {
      case INT: return put_integers(range, shape, static_cast<const Int*>(data));
      case UINT: return put_integers(range, shape, static_cast<const uInt*>(data));
      case INT64: return put_integers(range, shape, static_cast<const Int64*>(data));
      default: wrong_type(range);
    }
  }
  switch (type) {
    case BOOL: return put_same(range, shape, static_cast<const Bool*>(data));
    case INT: return put_same(range, shape, static_cast<const Int*>(data));
    case UINT: return put_same(range, shape, static_cast<const uInt*>(data));
    case INT64: return put_same(range, shape, static_cast<const Int64*>(data));
    case FLOAT: return put_same(range, shape, static_cast<const Float*>(data));
    case DOUBLE: return put_same(range, shape, static_cast<const Double*>(data));
    case COMPLEX: return put_same(range, shape, static_cast<const Complex*>(data));
    case DCOMPLEX: return put_same(range, shape, static_cast<const DComplex*>(data));
    default: wrong_type(range);
  }
}

// The cells' shape with the rows appended, from what Rust gives.
IPosition given_shape(const uint64_t* shape, size_t ndim, uint64_t count) {
  IPosition whole(ndim + 1);
  for (size_t i = 0; i < ndim; ++i) whole(i) = shape[i];
  whole(ndim) = count;
  return whole;
}

}  // namespace

extern "C" {

int nvss_cells_shape(void* table, const char* column, size_t length, uint64_t start, uint64_t count,
                     NvssCellShape* shape, NvssError* error) {
  return guard(error, [=] {
    Table& object = as_table(table);
    String name = as_string(column, length);
    TableColumn cells(object, name);
    shape->state = 0;
    shape->ndim = 0;
    IPosition first;
    // Cells of a fixed shape need no visit each.
    uint64_t visits = cells.columnDesc().isFixedShape() ? std::min<uint64_t>(count, 1) : count;
    for (uint64_t row = start; row < start + visits; ++row) {
      shape->row = row;
      if (!cells.isDefined(row)) {
        shape->state = 1;
        return;
      }
      IPosition found = cells.shape(row);
      if (row == start) {
        if (found.nelements() > NVSS_MAX_AXES) throw AipsError("column " + name + " has too many axes");
        first = found;
        shape->ndim = found.nelements();
        for (size_t i = 0; i < found.nelements(); ++i) shape->shape[i] = found(i);
      } else if (!found.isEqual(first)) {
        shape->state = 2;
        return;
      }
    }
  });
}

int nvss_column_get(void* table, const char* column, size_t length, int data_type, uint64_t start, uint64_t count,
                    void* data, size_t elements, NvssError* error) {
  return guard(error, [=] {
    Range range{as_table(table), as_string(column, length), start, count};
    IPosition shape = whole_shape(range);
    // Nothing is written unless Rust's buffer is exactly as large as the cells.
    if (static_cast<uint64_t>(shape.product()) != elements) throw AipsError("the cells do not have the expected shape");
    if (elements > 0) get_any(range, data_type, shape, data);
  });
}

int nvss_column_put(void* table, const char* column, size_t length, int data_type, uint64_t start, uint64_t count,
                    const void* data, const uint64_t* shape, size_t ndim, NvssError* error) {
  return guard(error, [=] {
    Range range{as_table(table), as_string(column, length), start, count};
    put_any(range, data_type, given_shape(shape, ndim, count), data);
  });
}

int nvss_column_get_strings(void* table, const char* column, size_t length, uint64_t start, uint64_t count, void** out,
                            NvssError* error) {
  return guard(error, [=] {
    Range range{as_table(table), as_string(column, length), start, count};
    if (range.code() != STRING) wrong_type(range);
    Array<String> strings(whole_shape(range));
    if (!strings.empty()) get(range, strings);
    Writer writer;
    for (Array<String>::const_contiter it = strings.cbegin(); it != strings.cend(); ++it) writer.text(*it);
    give(out, writer.take());
  });
}

int nvss_column_put_strings(void* table, const char* column, size_t length, uint64_t start, uint64_t count,
                            const char* data, size_t data_length, const uint64_t* shape, size_t ndim,
                            NvssError* error) {
  return guard(error, [=] {
    Range range{as_table(table), as_string(column, length), start, count};
    if (range.code() != STRING) wrong_type(range);
    IPosition whole = given_shape(shape, ndim, count);
    Reader reader(data, data_length);
    reader.require(whole.product(), sizeof(uint64_t));
    Array<String> strings(whole);
    for (Array<String>::contiter it = strings.cbegin(); it != strings.cend(); ++it) *it = reader.text();
    if (!reader.empty()) throw AipsError("more strings given than cells");
    put(range, strings);
  });
}

}  // extern "C"
