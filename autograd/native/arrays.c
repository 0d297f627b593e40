/* Memory for large arrays that live for a short time.

   Fresh memory in pages of 4 KiB costs more than most passes do with it: the system is
   asked for each. So a large array lies in pages of 2 MiB where the system has them. */

#include "engine.h"

#if defined(__linux__) && !defined(AUTOGRAD_NO_SLABS)
#include <sys/mman.h>
#endif

#if defined(__linux__) && !defined(AUTOGRAD_NO_SLABS) && defined(MADV_HUGEPAGE)
#define LARGE_PAGES 1
#else
#define LARGE_PAGES 0
#endif

enum { PAGE = 1 << 21, LARGE = 1 << 18 };

/* What stands before an array. */
typedef union {
    struct {
        size_t room; /* bytes of the array */
        size_t mapped; /* bytes that the system gave, or 0 */
    } is;
    char line[64];
} Head;

#if LARGE_PAGES
/* Memory that begins at a multiple of a page, and is all zero. */
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

/* An array of so many bytes, all zero; NULL, without an exception, for want of memory. */
void *
array_new(size_t bytes)
{
    Head *head;
    if (bytes > PY_SSIZE_T_MAX - 2 * (size_t)PAGE) {
        return NULL;
    }
#if LARGE_PAGES
    if (bytes >= LARGE) {
        const size_t size = (bytes + sizeof(Head) + PAGE - 1) / PAGE * PAGE;
        head = map_pages(size);
        if (head == NULL) {
            return NULL;
        }
        head->is.room = size - sizeof(Head);
        head->is.mapped = size;
        return head + 1;
    }
#endif
    head = PyMem_RawCalloc(1, sizeof(Head) + bytes);
    if (head == NULL) {
        return NULL;
    }
    head->is.room = bytes;
    head->is.mapped = 0;
    return head + 1;
}

void
array_free(void *array)
{
    if (array == NULL) {
        return;
    }
    Head *head = (Head *)array - 1;
#if LARGE_PAGES
    if (head->is.mapped != 0) {
        (void)munmap(head, head->is.mapped);
        return;
    }
#endif
    PyMem_RawFree(head);
}

/* The array with room for so many bytes, perhaps elsewhere; what is new in it may be
   anything. NULL, without an exception,
   for want of memory: then it is what it was. */
void *
array_grow(void *array, size_t bytes)
{
    if (bytes > PY_SSIZE_T_MAX - 2 * (size_t)PAGE) {
        return NULL;
    }
    const size_t before = array == NULL ? 0 : ((Head *)array - 1)->is.room;
    if (array != NULL && bytes <= before) {
        return array;
    }
    if (bytes < LARGE || !LARGE_PAGES) {
        Head *head = array == NULL ? NULL : (Head *)array - 1;
        head = PyMem_RawRealloc(head, sizeof(Head) + bytes);
        if (head == NULL) {
            return NULL;
        }
        head->is.room = bytes;
        head->is.mapped = 0;
        return head + 1;
    }
    void *more = array_new(bytes);
    if (more != NULL && array != NULL) {
        memcpy(more, array, before);
        array_free(array);
    }
    return more;
}
