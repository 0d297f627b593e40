/* The module ``autograd.native.engine``: what it needs of Python, and no_grad.

   Its state is one for the process, since a node must know its type at once. So
   only the main interpreter may load it, and it needs the GIL; elsewhere importing
   it fails with a message, and the reference engine runs. */

#include "engine.h"

#include "docs.h"

PyObject *python_value, *python_partial, *python_as_float, *python_is_number;
PyObject *python_compare, *python_misuse, *python_backward, *python_operations, *python_leaf;
PyObject *python_checkpoint;

/* no_grad: how often recording is suspended, in this thread and in all together */

Py_ssize_t suspensions;
static Py_tss_t suspensions_here = Py_tss_NEEDS_INIT; /* the count, as a pointer */

int
suspended_here(void)
{
    return PyThread_tss_get(&suspensions_here) != NULL;
}

static int
suspend(int by)
{
    intptr_t count = (intptr_t)PyThread_tss_get(&suspensions_here) + by;
    if (PyThread_tss_set(&suspensions_here, (void *)count) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    suspensions += by;
    return 0;
}

static PyObject *
no_grad_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    if ((recorded() && recorder_allows("no_grad", self) < 0) || suspend(1) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
no_grad_exit(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(args))
{
    if (suspend(-1) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef no_grad_methods[] = {
    {"__enter__", no_grad_enter, METH_NOARGS, NULL},
    {"__exit__", no_grad_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot no_grad_slots[] = {
    {Py_tp_doc, DOC_no_grad},
    {Py_tp_methods, no_grad_methods},
    {0, NULL},
};

static PyType_Spec no_grad_spec = {
    .name = "autograd.native.engine.no_grad",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = no_grad_slots,
};

#ifdef AUTOGRAD_TEST_ALLOC

/* For the tests: let one of the next allocations of the whole interpreter fail. */

static PyMemAllocatorEx allocators[3];
static const PyMemAllocatorDomain domains[3] = {
    PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static long allocations_left; /* until the one that fails */

static int
fails(void)
{
    return allocations_left > 0 && --allocations_left == 0;
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
static PyObject *
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

/* Setting up */

static PyObject *
attribute_of(const char *module, const char *name)
{
    PyObject *imported = PyImport_ImportModule(module);
    if (imported == NULL) {
        return NULL;
    }
    PyObject *attribute = PyObject_GetAttrString(imported, name);
    Py_DECREF(imported);
    return attribute;
}

static int
refuse(const char *message)
{
    PyObject *text = PyUnicode_FromString(message);
    PyObject *name = PyUnicode_FromString("autograd.native.engine");
    if (text != NULL && name != NULL) {
        PyErr_SetImportError(text, name, NULL);
    }
    Py_XDECREF(text);
    Py_XDECREF(name);
    return -1;
}

static PyObject *no_grad, *functions; /* once made, for a second import */

/* Everything that the process has once. */
static int
set_up(PyObject *module)
{
    if (PyThread_tss_create(&suspensions_here) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    const struct {
        PyObject **to;
        const char *module, *name;
    } needs[] = {
        {&python_value, "autograd.core.limits", "value"},
        {&python_operations, "autograd.table.number", "Operations"},
        {&python_compare, "autograd.native.fallback", "compare"},
        {&python_misuse, "autograd.native.fallback", "misuse"},
        {&python_backward, "autograd.native.fallback", "backward"},
        {&python_partial, "autograd.core.limits", "partial"},
        {&python_as_float, "autograd.core.plain", "as_float"},
        {&python_is_number, "autograd.core.plain", "is_number"},
        {&python_checkpoint, "autograd.table.rules", "CHECKPOINT"},
        {&python_leaf, "autograd.core.choice", "leaf"},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(needs); i++) {
        *needs[i].to = attribute_of(needs[i].module, needs[i].name);
        if (*needs[i].to == NULL) {
            return -1;
        }
    }
    PyObject *rules = attribute_of("autograd.table.rules", "RULES");
    PyObject *aliases = attribute_of("autograd.table.rules", "ALIASES");
    PyObject *in_python = attribute_of("autograd.table.functions", "FUNCTIONS");
    PyObject *decorator = attribute_of("contextlib", "ContextDecorator");
    if (rules != NULL && aliases != NULL && in_python != NULL &&
        decorator != NULL && value_make_type(module, python_operations) == 0 &&
        record_init(rules) == 0 && recorder_init() == 0) {
        functions = functions_make(in_python, aliases);
        no_grad = PyType_FromModuleAndSpec(module, &no_grad_spec, decorator);
    }
    Py_XDECREF(rules);
    Py_XDECREF(aliases);
    Py_XDECREF(in_python);
    Py_XDECREF(decorator);
    return functions != NULL && no_grad != NULL ? 0 : -1;
}

static int
engine_exec(PyObject *module)
{
    static int state; /* 0 before the first import, 1 if that worked, -1 if not */
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        return refuse(
            "the native engine keeps one state per process, so it runs in the main "
            "interpreter only: sub-interpreters run the reference engine");
    }
    if (state < 0) {
        return refuse("the native engine could not be set up when first imported");
    }
    if (state == 0) {
        state = -1;
        if (set_up(module) < 0) {
            return -1;
        }
        state = 1;
    }
    if (PyModule_AddObjectRef(module, "Value", (PyObject *)Value_Type) < 0 ||
        PyModule_AddObjectRef(module, "no_grad", no_grad) < 0 ||
        PyModule_AddObjectRef(module, "FUNCTIONS", functions) < 0 ||
        program_init(module) < 0) {
        return -1;
    }
    return 0;
}

static PyMethodDef engine_methods[] = {
    {"gradients", (PyCFunction)(void (*)(void))gradients, METH_FASTCALL,
     "gradients($module, output, inputs, /)\n--\n\n" DOC_gradients},
    {"leaves", leaves, METH_O, "leaves($module, output, /)\n--\n\n" DOC_leaves},
    {"tangents", (PyCFunction)(void (*)(void))tangents, METH_FASTCALL,
     "tangents($module, outputs, inputs, seeds, /)\n--\n\n" DOC_tangents},
    {"record_into", record_into, METH_O, NULL},
#ifdef AUTOGRAD_TEST_ALLOC
    {"_fail_allocation", fail_allocation, METH_VARARGS, NULL},
#endif
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot engine_slots[] = {
    {Py_mod_exec, engine_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef engine_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd.native.engine",
    .m_doc = "The engine in C: the same type as autograd.core.value, from the same table.",
    .m_methods = engine_methods,
    .m_slots = engine_slots,
};

PyMODINIT_FUNC
PyInit_engine(void)
{
    return PyModuleDef_Init(&engine_module);
}
