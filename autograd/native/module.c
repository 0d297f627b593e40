/* The module ``autograd.native.engine``: what it needs of Python.

   Its state is one for the process, and none of the module's own: an operator gets
   two operands and no module. To find it by their types (PyType_GetModuleByDef) took
   1.6 ns of 30 more in v * v, and 124 more in 1.0 * v, where the first of the types has
   none. The memory of nodes would be shared nevertheless. So only the main interpreter
   may load it, and it needs the GIL; elsewhere importing it fails with a message, and
   the reference engine runs. */

#include "engine.h"

#include "docs.h"

PyObject *python_value, *python_partials, *python_as_float, *python_is_number;
PyObject *python_compare, *python_misuse, *python_operations, *python_leaf;
PyObject *python_checkpoint, *python_spelling;
PyObject *python_no_subclass, *python_no_backward;

/* no_grad: Python counts how often recording is suspended, and knows where */

Py_ssize_t suspensions;
static PyObject *blocks_here; /* autograd.core.recording's variable, of each context */

int
suspended_here(void)
{
    PyObject *blocks = NULL;
    int suspended = 0;
    if (PyContextVar_Get(blocks_here, NULL, &blocks) < 0 || blocks == NULL) {
        PyErr_Clear();
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(blocks); i++) {
        suspended |= PyList_GET_ITEM(PyTuple_GET_ITEM(blocks, i), 0) == Py_True;
    }
    Py_DECREF(blocks);
    return suspended;
}

static PyObject *
count_suspensions(PyObject *Py_UNUSED(module), PyObject *by)
{
    const Py_ssize_t more = PyLong_AsSsize_t(by);
    if (more == -1 && PyErr_Occurred()) {
        return NULL;
    }
    suspensions += more;
    Py_RETURN_NONE;
}

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

static PyObject *functions;

/* What the engine needs of the Python modules that there are now: the package may have
   been imported before, and thrown away. */
static int
refer_to_python(void)
{
    PyObject *rules = NULL, *aliases = NULL, *in_python = NULL, *count = NULL;
    const struct {
        PyObject **to;
        const char *module, *name;
    } needs[] = {
        {&python_value, "autograd.core.limits", "value"},
        {&python_operations, "autograd.table.number", "Operations"},
        {&python_compare, "autograd.native.fallback", "compare"},
        {&python_misuse, "autograd.native.fallback", "misuse"},
        {&python_partials, "autograd.core.limits", "partials"},
        {&python_as_float, "autograd.core.plain", "as_float"},
        {&python_is_number, "autograd.core.plain", "is_number"},
        {&python_spelling, "autograd.core.micrograd", "spelling"},
        {&python_no_subclass, "autograd.core.micrograd", "no_subclass"},
        {&python_no_backward, "autograd.core.micrograd", "no_backward"},
        {&python_checkpoint, "autograd.table.rules", "CHECKPOINT"},
        {&python_leaf, "autograd.core.choice", "leaf"},
        {&blocks_here, "autograd.core.recording", "_blocks"},
        {&count, "autograd.core.recording", "suspensions"},
        {&rules, "autograd.table.rules", "RULES"},
        {&aliases, "autograd.table.rules", "ALIASES"},
        {&in_python, "autograd.table.functions", "FUNCTIONS"},
    };
    int failed = 0;
    for (size_t i = 0; !failed && i < Py_ARRAY_LENGTH(needs); i++) {
        PyObject *now = attribute_of(needs[i].module, needs[i].name);
        failed = now == NULL;
        Py_XSETREF(*needs[i].to, now);
    }
    if (!failed) {
        suspensions = PyLong_AsSsize_t(count);
        Py_XSETREF(functions, functions_make(in_python, aliases));
        failed = functions == NULL || record_init(rules) < 0 || recorder_init() < 0;
    }
    Py_XDECREF(rules);
    Py_XDECREF(aliases);
    Py_XDECREF(in_python);
    Py_XDECREF(count);
    return failed ? -1 : 0;
}

static int
engine_exec(PyObject *module)
{
    static int broken;
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        return refuse(
            "the native engine keeps one state per process, so it runs in the main "
            "interpreter only: sub-interpreters run the reference engine");
    }
    if (broken) {
        return refuse("the native engine could not be set up when first imported");
    }
    broken = 1;
    if (refer_to_python() < 0 ||
        (Value_Type == NULL && value_make_type(module, python_operations) < 0)) {
        return -1;
    }
    broken = 0;
    if (PyModule_AddObjectRef(module, "Value", (PyObject *)Value_Type) < 0 ||
        PyModule_AddObjectRef(module, "FUNCTIONS", functions) < 0 ||
        nesting_init(module) < 0 || program_init(module) < 0) {
        return -1;
    }
    return 0;
}

static PyMethodDef engine_methods[] = {
    {"gradients", (PyCFunction)(void (*)(void))gradients, METH_FASTCALL,
     "gradients($module, output, inputs, /)\n--\n\n" DOC_gradients},
    {"leaves", (PyCFunction)(void (*)(void))leaves, METH_FASTCALL,
     "leaves($module, output, but=(), /)\n--\n\n" DOC_leaves},
    {"tangents", (PyCFunction)(void (*)(void))tangents, METH_FASTCALL,
     "tangents($module, outputs, inputs, seeds, /)\n--\n\n" DOC_tangents},
    {"adjoint_graph", (PyCFunction)(void (*)(void))adjoint_graph, METH_FASTCALL,
     "adjoint_graph($module, output, inputs, stop, partial, /)\n--\n\n"
     "What ``derivatives.sweeps.adjoint_graph`` gives; ``partial`` is asked for what C "
     "cannot know."},
    {"tangent_graph", (PyCFunction)(void (*)(void))tangent_graph, METH_FASTCALL,
     "tangent_graph($module, outputs, inputs, seeds, partial, /)\n--\n\n"
     "What ``derivatives.sweeps.tangent_graph`` gives; ``partial`` as above."},
    {"count_suspensions", count_suspensions, METH_O, NULL},
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
