/* Memory for nodes, and for walks over them.

   A training step makes and drops nodes by the million, nearly all with few edges.
   Those come from slabs: blocks of 2 MiB that hold nodes of one size and start at a
   multiple of 2 MiB, so that a node's address tells its slab. Blocks without nodes in
   use are kept for the next step, since fresh memory costs more than all the rest of
   a node: the system has to clear it. Up to 1 GiB is kept, and for the same reason
   one node with very many edges, up to 256 MiB. */

#include "engine.h"

#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#elif defined(__linux__)
#include <sys/mman.h>
#endif

static size_t
node_size(size_t edges)
{
    return offsetof(Value, edges) + edges * sizeof(Edge);
}

#ifdef AUTOGRAD_NO_SLABS /* for the sanitizers, which watch each block by itself */

void *
block_take(void)
{
    return PyMem_Malloc(BLOCK_SIZE);
}

void
block_give_back(void *block)
{
    PyMem_Free(block);
}

Value *
nodes_take(size_t edges)
{
    return PyObject_Malloc(node_size(edges));
}

void
nodes_give_back(Value *node, size_t edges)
{
    (void)edges;
    PyObject_Free(node);
}

#else

enum {
    MOST_SLAB_EDGES = 40,
    MOST_SPARE = 512,  /* blocks kept for the next step */
    FEW = 8,           /* blocks that a small program may need */
    WIDE = 1 << 20,    /* bytes from which on a node counts as wide */
    WIDEST = 1 << 28,  /* bytes that are kept for the next wide node */
};

/* A block that nobody uses. */
typedef struct Spare Spare;
struct Spare {
    Spare *next;
};

static Spare *spare;
static int spares;

static void *
new_block(void)
{
    void *block = NULL;
#if defined(_WIN32)
    block = _aligned_malloc(BLOCK_SIZE, BLOCK_SIZE);
#else
    if (posix_memalign(&block, BLOCK_SIZE, BLOCK_SIZE) != 0) {
        return NULL;
    }
#endif
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    /* One page instead of 512, if the system likes: clearing it takes a tenth of the
       time. A small program would pay for memory that it never touches. */
    static int taken;
    if (taken >= FEW) {
        (void)madvise(block, BLOCK_SIZE, MADV_HUGEPAGE);
    }
    else {
        taken++;
    }
#endif
    return block;
}

/* A block of BLOCK_SIZE bytes, or NULL. */
void *
block_take(void)
{
    Spare *block = spare;
    if (block == NULL) {
        return new_block();
    }
    spare = block->next;
    spares--;
    return block;
}

void
block_give_back(void *block)
{
    if (spares < MOST_SPARE) {
        ((Spare *)block)->next = spare;
        spare = block;
        spares++;
        return;
    }
#if defined(_WIN32)
    _aligned_free(block);
#else
    free(block);
#endif
}

typedef struct Slab Slab;

/* The slabs of a size that have room are in one list, those that are full in none. */
struct Slab {
    Slab *next, *previous;
    Value *released; /* nodes to use again, linked through ``extras`` */
    char *fresh;     /* from here to the end nothing was used yet */
    uint32_t used;   /* nodes in use */
    uint32_t edges;  /* that a node here has room for */
    int full;
};

static Slab *roomy[MOST_SLAB_EDGES + 1];

static void
link_first(Slab *slab)
{
    Slab **list = &roomy[slab->edges];
    slab->previous = NULL;
    slab->next = *list;
    if (slab->next != NULL) {
        slab->next->previous = slab;
    }
    *list = slab;
}

static void
unlink_slab(Slab *slab)
{
    if (slab->previous != NULL) {
        slab->previous->next = slab->next;
    }
    else {
        roomy[slab->edges] = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->previous = slab->previous;
    }
}

/* An empty slab for nodes of a size, at the front of their list. */
static Slab *
open_slab(uint32_t edges)
{
    Slab *slab = block_take();
    if (slab == NULL) {
        return NULL;
    }
    slab->released = NULL;
    slab->fresh = (char *)slab + (sizeof(Slab) + 63) / 64 * 64;
    slab->used = 0;
    slab->edges = edges;
    slab->full = 0;
    link_first(slab);
    return slab;
}

/* A node from fresh memory, when the first slab has no released one. */
static Value *
take_fresh(uint32_t edges)
{
    const size_t size = node_size(edges);
    Slab *slab;
    while ((slab = roomy[edges]) != NULL) {
        if (slab->released != NULL) {
            return nodes_take(edges);
        }
        if (slab->fresh + size <= (char *)slab + BLOCK_SIZE) {
            break;
        }
        unlink_slab(slab);
        slab->full = 1;
    }
    if (slab == NULL && (slab = open_slab(edges)) == NULL) {
        return NULL;
    }
    Value *node = (Value *)slab->fresh;
    slab->fresh += size;
    slab->used++;
    return node;
}

/* The memory of a wide node that is gone, for another one of about its size. */
static void *kept;
static size_t kept_size;

static Value *
take_wide(size_t size)
{
    if (kept_size < size || kept_size / 2 > size) {
        return PyObject_Malloc(size);
    }
    Value *node = kept;
    kept = NULL;
    kept_size = 0;
    return node;
}

static void
give_back_wide(Value *node, size_t size)
{
    if (size > WIDEST || size < kept_size) {
        PyObject_Free(node);
    }
    else {
        PyObject_Free(kept);
        kept = node;
        kept_size = size;
    }
}

/* Memory for a node, or NULL. */
Value *
nodes_take(size_t edges)
{
    if (edges > MOST_SLAB_EDGES) {
        const size_t size = node_size(edges);
        return size < WIDE ? PyObject_Malloc(size) : take_wide(size);
    }
    Slab *slab = roomy[edges];
    if (slab == NULL || slab->released == NULL) {
        return take_fresh((uint32_t)edges);
    }
    Value *node = slab->released;
    slab->released = (Value *)node->extras;
    slab->used++;
    return node;
}

void
nodes_give_back(Value *node, size_t edges)
{
    if (edges > MOST_SLAB_EDGES) {
        const size_t size = node_size(edges);
        if (size < WIDE) {
            PyObject_Free(node);
        }
        else {
            give_back_wide(node, size);
        }
        return;
    }
    Slab *slab = (Slab *)((uintptr_t)node & ~(uintptr_t)(BLOCK_SIZE - 1));
    node->extras = (PyObject *)slab->released;
    slab->released = node;
    slab->used--;
    if (slab->full) {
        slab->full = 0;
        link_first(slab);
    }
    else if (slab->used == 0 && (slab->next != NULL || slab->previous != NULL)) {
        unlink_slab(slab); /* the only one stays: the next node may be of this size */
        block_give_back(slab);
    }
}

#endif
