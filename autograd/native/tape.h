/* A graph between inputs and outputs as a list: what a sweep goes through.

   The nodes are listed once, operands before what uses them, with their edges as
   numbers in flat arrays. */

#ifndef AUTOGRAD_TAPE_H
#define AUTOGRAD_TAPE_H

#include "engine.h"

typedef struct {
    int32_t operand; /* the number of the node, in the list */
    double partial;
} Link;

typedef struct {
    Value **nodes;   /* operands before what uses them */
    uint32_t *rows;  /* their field ``row``, which holds their number meanwhile */
    size_t *first;   /* of the links of a node; one more for the end */
    Link *links;     /* of the edges that derivatives pass, in their order */
    size_t count, room;
    size_t ends;     /* how many nodes stand first that have no links: they are inputs */
    size_t link_count;
} Tape;

int tape_of(PyObject *outputs, PyObject *inputs, int stop, Tape *tape, int32_t *places);
void tape_forget(Tape *tape);
PyObject *values_of(const char *name, PyObject *given, int once);

#endif
