/* Memory for nodes.

   A training step makes and drops nodes by the million, nearly all with no, one or
   two edges. Those come from slabs of 2 MiB that hold nodes of one size and start
   at a multiple of 2 MiB, so that a node's address tells its slab. A slab without
   nodes in use is kept for the next step, since fresh memory costs more than all the
   rest of a node: the system has to clear it. Up to 1 GiB is kept. */

#include "engine.h"

#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#endif

static size_t
node_size(size_t edges)
{
    return offsetof(Value, edges) + edges * sizeof(Edge);
}

#ifdef AUTOGRAD_NO_SLABS /* for the sanitizers, which watch each block by itself */

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
    SLAB_SIZE = 1 << 21,
    MOST_SLAB_EDGES = 2,
    MOST_SPARE = 512, /* empty slabs kept for the next step */
};

typedef struct Slab Slab;

/* The slabs of a size that have room are in one list, those that are full in none. */
struct Slab {
    Slab *next, *previous;
    Value *released; /* nodes to use again, linked through ``label`` */
    char *fresh;     /* from here to the end nothing was used yet */
    uint32_t used;   /* nodes in use */
    uint32_t edges;  /* that a node here has room for */
    int full;
};

static Slab *roomy[MOST_SLAB_EDGES + 1];
static Slab *spare; /* without nodes in use, linked through ``next`` */
static int spares;

static Slab *
new_slab(void)
{
    void *memory = NULL;
#if defined(_WIN32)
    memory = _aligned_malloc(SLAB_SIZE, SLAB_SIZE);
#else
    if (posix_memalign(&memory, SLAB_SIZE, SLAB_SIZE) != 0) {
        return NULL;
    }
#endif
    return memory;
}

static void
free_slab(Slab *slab)
{
#if defined(_WIN32)
    _aligned_free(slab);
#else
    free(slab);
#endif
}

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
    Slab *slab = spare;
    if (slab != NULL) {
        spare = slab->next;
        spares--;
    }
    else if ((slab = new_slab()) == NULL) {
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
        if (slab->fresh + size <= (char *)slab + SLAB_SIZE) {
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

/* Memory for a node, or NULL. */
Value *
nodes_take(size_t edges)
{
    if (edges > MOST_SLAB_EDGES) {
        return PyObject_Malloc(node_size(edges));
    }
    Slab *slab = roomy[edges];
    if (slab == NULL || slab->released == NULL) {
        return take_fresh((uint32_t)edges);
    }
    Value *node = slab->released;
    slab->released = (Value *)node->label;
    slab->used++;
    return node;
}

void
nodes_give_back(Value *node, size_t edges)
{
    if (edges > MOST_SLAB_EDGES) {
        PyObject_Free(node);
        return;
    }
    Slab *slab = (Slab *)((uintptr_t)node & ~(uintptr_t)(SLAB_SIZE - 1));
    node->label = (PyObject *)slab->released;
    slab->released = node;
    slab->used--;
    if (slab->full) {
        slab->full = 0;
        link_first(slab);
    }
    else if (slab->used == 0 && roomy[edges] != slab) {
        unlink_slab(slab);
        if (spares < MOST_SPARE) {
            slab->next = spare;
            spare = slab;
            spares++;
        }
        else {
            free_slab(slab);
        }
    }
}

#endif
