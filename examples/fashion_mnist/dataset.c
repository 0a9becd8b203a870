#include "dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { IDX_LABELS = 0x801, IDX_IMAGES = 0x803, MAX_COUNT = 1000000 };

/* Numbers in idx files are big-endian. Returns -1 at the end of the file. */
static int64_t read_number(gzFile file) {
  uint8_t bytes[4];
  if (gzread(file, bytes, sizeof(bytes)) != (int)sizeof(bytes)) return -1;
  return ((int64_t)bytes[0] << 24) | ((int64_t)bytes[1] << 16) | ((int64_t)bytes[2] << 8) | (int64_t)bytes[3];
}

/* Reads the items of a file that has been opened, `item_size` bytes each. Returns NULL if it is not what it should be.
 */
static uint8_t* read_items(gzFile file, int64_t magic, size_t item_size, int64_t* count) {
  if (read_number(file) != magic) return NULL;
  *count = read_number(file);
  if (*count < 1 || *count > MAX_COUNT) return NULL;
  if (magic == IDX_IMAGES && (read_number(file) != 28 || read_number(file) != 28)) return NULL;

  size_t size = (size_t)*count * item_size;
  uint8_t* items = malloc(size);
  if (items != NULL && gzread(file, items, (unsigned)size) != (int)size) {
    free(items);
    return NULL;
  }
  return items;
}

static uint8_t* read_file(const char* directory, const char* part, const char* suffix, int64_t magic, size_t item_size,
                          int64_t* count, char* message, size_t message_size) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s-%s-ubyte.gz", directory, part, suffix);
  gzFile file = gzopen(path, "rb");
  if (file == NULL) {
    snprintf(
        message, message_size,
        "cannot open %s; get the data with `apt-get install dataset-fashion-mnist`, or say where it is with --data",
        path);
    return NULL;
  }
  uint8_t* items = read_items(file, magic, item_size, count);
  if (items == NULL)
    snprintf(message, message_size, "cannot read %s: it is damaged, or there is no memory for it", path);
  gzclose(file);
  return items;
}

static int labels_are_valid(const fashion_dataset* data) {
  for (int64_t i = 0; i < data->count; i++) {
    if (data->labels[i] >= FASHION_CLASSES) return 0;
  }
  return 1;
}

fashion_dataset* fashion_dataset_load(const char* directory, const char* part, char* message, size_t message_size) {
  fashion_dataset* data = calloc(1, sizeof(*data));
  if (data == NULL) {
    snprintf(message, message_size, "out of memory");
    return NULL;
  }
  int64_t label_count = 0;
  data->images =
      read_file(directory, part, "images-idx3", IDX_IMAGES, FASHION_PIXELS, &data->count, message, message_size);
  if (data->images != NULL) {
    data->labels = read_file(directory, part, "labels-idx1", IDX_LABELS, 1, &label_count, message, message_size);
  }
  if (data->labels != NULL && label_count == data->count && labels_are_valid(data)) return data;
  if (data->labels != NULL) snprintf(message, message_size, "images and labels in %s do not fit together", directory);
  fashion_dataset_destroy(data);
  return NULL;
}

void fashion_dataset_destroy(fashion_dataset* data) {
  if (data == NULL) return;
  free(data->images);
  free(data->labels);
  free(data);
}
