/* A map from 64 bits to entries: a table with open addresses. */

#include "wengert.h"

int
map_make(Map *map, int64_t expected)
{
    uint64_t size = 64;
    while (size < 2 * (uint64_t)expected) {
        size *= 2;
    }
    map->keys = array_grow(NULL, size * sizeof *map->keys);
    map->entries = array_grow(NULL, size * sizeof *map->entries);
    if (map->keys == NULL || map->entries == NULL) {
        map_free(map);
        PyErr_NoMemory();
        return -1;
    }
    memset(map->entries, 0xff, size * sizeof *map->entries);
    map->mask = size - 1;
    map->count = 0;
    return 0;
}

void
map_free(Map *map)
{
    array_free(map->keys);
    array_free(map->entries);
    *map = (Map){NULL, NULL, 0, 0};
}

static int
map_grow(Map *map)
{
    Map more;
    if (map_make(&more, (int64_t)map->mask + 1) < 0) {
        return -1;
    }
    for (uint64_t i = 0; i <= map->mask; i++) {
        if (map->entries[i] >= 0) {
            *map_at(&more, map->keys[i]) = map->entries[i];
            more.count++;
        }
    }
    map_free(map);
    *map = more;
    return 0;
}

/* Where the entry of a key is, or -1 is for one to be put there. Who puts it counts
   it, and has room for it because of map_room. */
int32_t *
map_at(Map *map, uint64_t key)
{
    uint64_t i = mixed(0, key) >> 16 & map->mask;
    while (map->entries[i] >= 0 && map->keys[i] != key) {
        i = (i + 1) & map->mask;
    }
    map->keys[i] = key;
    return map->entries + i;
}

int
map_put(Map *map, uint64_t key, int32_t entry)
{
    if (2 * (uint64_t)map->count > map->mask && map_grow(map) < 0) {
        return -1;
    }
    int32_t *at = map_at(map, key);
    map->count += *at < 0;
    *at = entry;
    return 0;
}
