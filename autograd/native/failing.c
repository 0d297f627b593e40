/* For the tests: let one of the interpreter's next allocations in this thread fail. */

#include "engine.h"

#ifdef AUTOGRAD_TEST_ALLOC

static PyMemAllocatorEx allocators[3];
static const PyMemAllocatorDomain domains[3] = {
    PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static long allocations_left;        /* until the one that fails */
static unsigned long failing_thread; /* others, such as the tests' runner's, go on */

static int
fails(void)
{
    return PyThread_get_thread_ident() == failing_thread && allocations_left > 0 &&
           --allocations_left == 0;
}

static void *
failing_malloc(void *to, size_t size)
{
    PyMemAllocatorEx *real = to;
    return fails() ? NULL : real->malloc(real->ctx, size);
}

static void *
failing_calloc(void *to, size_t count, size_t size)
{
    PyMemAllocatorEx *real = to;
    return fails() ? NULL : real->calloc(real->ctx, count, size);
}

static void *
failing_realloc(void *to, void *memory, size_t size)
{
    PyMemAllocatorEx *real = to;
    return fails() ? NULL : real->realloc(real->ctx, memory, size);
}

static void
unfailing_free(void *to, void *memory)
{
    PyMemAllocatorEx *real = to;
    real->free(real->ctx, memory);
}

/* _fail_allocation(n, function): function(), in which the n-th allocation fails.
   Returns whether there were that many. */
PyObject *
fail_allocation(PyObject *Py_UNUSED(module), PyObject *args)
{
    long n;
    PyObject *function;
    if (!PyArg_ParseTuple(args, "lO", &n, &function)) {
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        PyMemAllocatorEx failing = {&allocators[i], failing_malloc, failing_calloc,
                                    failing_realloc, unfailing_free};
        PyMem_GetAllocator(domains[i], &allocators[i]);
        PyMem_SetAllocator(domains[i], &failing);
    }
    failing_thread = PyThread_get_thread_ident();
    allocations_left = n;
    PyObject *answer = PyObject_CallNoArgs(function);
    const int reached = allocations_left == 0;
    allocations_left = 0;
    for (int i = 0; i < 3; i++) {
        PyMem_SetAllocator(domains[i], &allocators[i]);
    }
    if (answer == NULL) {
        return NULL;
    }
    Py_DECREF(answer);
    return PyBool_FromLong(reached);
}

#endif
