/* Memory for large arrays that live for a short time.

   Fresh memory in pages of 4 KiB costs more than most passes do with it: the system is
   asked for each, and clears it. So an array of some size takes one of the blocks that
   nodes.c keeps, which are in use already or in large pages, and one that is larger yet
   lies in large pages itself, where the system has them. */

#include "engine.h"

#if defined(__linux__) && !defined(AUTOGRAD_NO_SLABS)
#include <sys/mman.h>
#endif

#if defined(__linux__) && !defined(AUTOGRAD_NO_SLABS) && defined(MADV_HUGEPAGE)
#define LARGE_PAGES 1
#else
#define LARGE_PAGES 0
#endif

enum { SMALL, IN_BLOCK, MAPPED };

/* What stands before an array. */
typedef union {
    struct {
        size_t room; /* bytes of the array */
        int where;
    } is;
    char line[64];
} Head;

enum { PAGE = 1 << 21, LARGE = 1 << 18, BLOCK_ROOM = BLOCK_SIZE - sizeof(Head) };

#if LARGE_PAGES
/* Memory that begins at a multiple of a page. */
static Head *
map_pages(size_t size)
{
    char *start = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    if (page > start) {
        (void)munmap(start, (size_t)(page - start));
    }
    if (page < start + PAGE) {
        (void)munmap(page + size, (size_t)(start + PAGE - page));
    }
    (void)madvise(page, size, MADV_HUGEPAGE);
    return (Head *)page;
}
#endif

/* A new array, or a small one that grows and stays small. */
static Head *
take(Head *small, size_t bytes)
{
    Head *head = NULL;
    size_t room = bytes;
    int where = SMALL;
#if LARGE_PAGES
    if (bytes > (size_t)BLOCK_ROOM) {
        where = MAPPED;
        room = (bytes + sizeof(Head) + PAGE - 1) / PAGE * PAGE - sizeof(Head);
        head = map_pages(room + sizeof(Head));
    }
    else if (bytes >= LARGE) {
        where = IN_BLOCK;
        room = BLOCK_ROOM;
        head = block_take();
    }
#endif
    if (where == SMALL) {
        head = PyMem_RawRealloc(small, sizeof(Head) + bytes);
    }
    if (head == NULL) {
        return NULL;
    }
    head->is.room = room;
    head->is.where = where;
    return head;
}

/* The array with room for so many bytes, perhaps elsewhere; what is new in it may be
   anything. NULL, without an exception, for want of memory: then it is what it was. */
void *
array_grow(void *array, size_t bytes)
{
    Head *head = array == NULL ? NULL : (Head *)array - 1;
    if (head != NULL && bytes <= head->is.room) {
        return array;
    }
    if (bytes > PY_SSIZE_T_MAX - 2 * (size_t)PAGE) {
        return NULL;
    }
    if (head == NULL || !LARGE_PAGES || bytes < LARGE) {
        head = take(head, bytes);
        return head == NULL ? NULL : head + 1;
    }
    Head *more = take(NULL, bytes);
    if (more == NULL) {
        return NULL;
    }
    memcpy(more + 1, array, head->is.room);
    array_free(array);
    return more + 1;
}

/* An array of so many bytes, all zero; NULL, without an exception, for want of memory. */
void *
array_new(size_t bytes)
{
    void *array = array_grow(NULL, bytes);
    if (array != NULL && ((Head *)array - 1)->is.where != MAPPED) {
        memset(array, 0, bytes);
    }
    return array;
}

void
array_free(void *array)
{
    if (array == NULL) {
        return;
    }
    Head *head = (Head *)array - 1;
#if LARGE_PAGES
    if (head->is.where == IN_BLOCK) {
        block_give_back(head);
        return;
    }
    if (head->is.where == MAPPED) {
        (void)munmap(head, head->is.room + sizeof(Head));
        return;
    }
#endif
    PyMem_RawFree(head);
}
