// The functions that Rust calls. Every one returns 0, or 1 with a message in `error`; none lets an exception out.
// The Rust side of each declaration is in src/ffi.rs.
#ifndef NVSS_SHIM_H
#define NVSS_SHIM_H

#include <cstddef>
#include <cstdint>

extern "C" {

// The longest message; the same number is in src/ffi.rs.
enum { NVSS_MESSAGE = 4096, NVSS_MAX_AXES = 16 };

struct NvssError {
  size_t length;
  char text[NVSS_MESSAGE];
};

struct NvssColumnKind {
  int exists;
  int data_type;
  int scalar;
  int fixed;
  int stored;
  int writable;
  int ndim;
  uint64_t shape[NVSS_MAX_AXES];
};

struct NvssCellShape {
  int state;  // 0: all cells have `shape`; 1: `row` is undefined; 2: `row` has another shape
  int ndim;
  uint64_t row;
  uint64_t shape[NVSS_MAX_AXES];
};

const unsigned char* nvss_bytes_data(const void* bytes);
size_t nvss_bytes_length(const void* bytes);
void nvss_bytes_free(void* bytes);

int nvss_table_open(const char* path, size_t length, int write, void** out, NvssError* error);
int nvss_table_close(void* table, NvssError* error);
int nvss_table_create(const char* path, size_t length, const char* spec, size_t spec_length, uint64_t rows, int big,
                      void** out, NvssError* error);
int nvss_table_rows(void* table, uint64_t* rows, NvssError* error);
int nvss_table_big(void* table, int* big, NvssError* error);
int nvss_table_lock(void* table, int write, uint32_t attempts, int* got, NvssError* error);
int nvss_table_has_lock(void* table, int write, int* has, NvssError* error);
int nvss_table_unlock(void* table, NvssError* error);
int nvss_table_flush(void* table, NvssError* error);
int nvss_table_mark_changed(void* table, const char* column, size_t length, int* done, NvssError* error);
int nvss_table_mend_rows(void* table, uint64_t* mended, NvssError* error);
int nvss_table_touch(void* table, NvssError* error);
int nvss_column_reserve(void* table, const char* column, size_t length, NvssError* error);
int nvss_table_describe(void* table, int topic, const char* name, size_t length, void** out, NvssError* error);
int nvss_table_type(const char* path, size_t length, void** out, NvssError* error);
int nvss_keyword_set(void* table, const char* column, size_t column_length, const char* record, size_t length,
                     NvssError* error);
int nvss_keyword_remove(void* table, const char* column, size_t column_length, const char* name, size_t length,
                        NvssError* error);
int nvss_table_add_rows(void* table, uint64_t rows, NvssError* error);
int nvss_table_add_columns(void* table, const char* spec, size_t length, NvssError* error);
int nvss_table_deep_copy(void* table, const char* path, size_t length, int rows, NvssError* error);
int nvss_table_select(void* table, const uint64_t* rows, size_t count, void** out, NvssError* error);
int nvss_table_save(void* table, const char* path, size_t length, NvssError* error);
int nvss_table_concatenate(const char* parts, size_t parts_length, const char* path, size_t length, NvssError* error);
int nvss_tile_cache(void* table, const char* column, size_t length, uint32_t mebibytes, NvssError* error);
int nvss_tile_forget(void* table, const char* column, size_t length, NvssError* error);
int nvss_column_kind(void* table, const char* column, size_t length, NvssColumnKind* kind, NvssError* error);
int nvss_cells_shape(void* table, const char* column, size_t length, uint64_t start, uint64_t count,
                     NvssCellShape* shape, NvssError* error);
int nvss_column_get(void* table, const char* column, size_t length, int data_type, uint64_t start, uint64_t count,
                    void* data, size_t elements, NvssError* error);
int nvss_column_put(void* table, const char* column, size_t length, int data_type, uint64_t start, uint64_t count,
                    const void* data, const uint64_t* shape, size_t ndim, NvssError* error);
int nvss_column_get_strings(void* table, const char* column, size_t length, uint64_t start, uint64_t count, void** out,
                            NvssError* error);
int nvss_column_put_strings(void* table, const char* column, size_t length, uint64_t start, uint64_t count,
                            const char* data, size_t data_length, const uint64_t* shape, size_t ndim,
                            NvssError* error);
int nvss_record_get(void* table, const char* column, size_t length, uint64_t row, void** out, NvssError* error);
int nvss_record_put(void* table, const char* column, size_t length, uint64_t row, const char* record,
                    size_t record_length, NvssError* error);
}

#endif
