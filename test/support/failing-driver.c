// A Vulkan driver that answers as another one does, until it is told to fail as a graphics processor may.
//   LOSE_AT         a file: once it exists, the device is lost
//   MEMORY_LIMIT    bytes of device memory that there are
#include "forwarding-driver.h"
#include <unistd.h>

enum { OUT_OF_DEVICE_MEMORY = -2, DEVICE_LOST = -4, MOST_ALLOCATIONS = 65536 };

/** The beginning of VkMemoryAllocateInfo. */
struct Wanted {
  int32_t type;
  const void *next;
  uint64_t size;
};

static int (*submit)(void *, uint32_t, const void *, uint64_t);
static int (*allocate)(void *, const struct Wanted *, const void *, uint64_t *);
static void (*release)(void *, uint64_t, const void *);
static struct { uint64_t memory, size; } held[MOST_ALLOCATIONS];
static uint64_t total;

static int submitOrLose(void *queue, uint32_t count, const void *batches, uint64_t fence) {
  const char *sign = getenv("LOSE_AT");
  return sign != NULL && access(sign, F_OK) == 0 ? DEVICE_LOST : submit(queue, count, batches, fence);
}

static int allocateWithin(void *device, const struct Wanted *wanted, const void *allocator, uint64_t *memory) {
  const char *limit = getenv("MEMORY_LIMIT");
  if (limit != NULL && total + wanted->size > strtoull(limit, NULL, 10)) return OUT_OF_DEVICE_MEMORY;
  int result = allocate(device, wanted, allocator, memory);
  for (int place = 0; result == 0 && place < MOST_ALLOCATIONS; place++) {
    if (held[place].memory != 0) continue;
    held[place].memory = *memory;
    total += held[place].size = wanted->size;
    break;
  }
  return result;
}

static void releaseHeld(void *device, uint64_t memory, const void *allocator) {
  for (int place = 0; memory != 0 && place < MOST_ALLOCATIONS; place++) {
    if (held[place].memory != memory) continue;
    total -= held[place].size;
    held[place].memory = 0;
    break;
  }
  release(device, memory, allocator);
}

static Function replace(const char *name, Function found) {
  if (strcmp(name, "vkQueueSubmit") == 0) return submit = (void *)found, (Function)submitOrLose;
  if (strcmp(name, "vkAllocateMemory") == 0) return allocate = (void *)found, (Function)allocateWithin;
  if (strcmp(name, "vkFreeMemory") == 0) return release = (void *)found, (Function)releaseHeld;
  return found;
}
