"""The few machine instructions that Numba has no name for, each with a plain Python twin.

The twin is what runs under ``NUMBA_DISABLE_JIT=1``, where there is one thread: nobody waits.
"""

import platform

from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

IS_X86 = platform.machine() in ("x86_64", "AMD64")
CAN_YIELD = platform.system() in ("Linux", "Darwin")  # there is sched_yield


def _instruction(build):
    """``build`` as a Numba intrinsic, or its plain twin where nothing is compiled."""

    def decorate(plain):
        return plain if config.DISABLE_JIT else intrinsic(build)

    return decorate


def _pointer(context, builder, array_type, array):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(data, ir.IntType(64).as_pointer())


def _build_increment(typing, counters):
    def generate(context, builder, signature, arguments):
        place = _pointer(context, builder, signature.args[0], arguments[0])
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "seq_cst")

    return types.int64(counters), generate


@_instruction(_build_increment)
def increment(counters):
    """Add 1 to ``counters[0]`` (int64) in one step that no other thread can split."""
    counters[0] += 1
    return counters[0] - 1


def _build_load(typing, counters):
    def generate(context, builder, signature, arguments):
        place = _pointer(context, builder, signature.args[0], arguments[0])
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(counters), generate


@_instruction(_build_load)
def load(counters):
    """``counters[0]``, read from memory anew each time."""
    return counters[0]


def _build_pause(typing):
    def generate(context, builder, signature, arguments):
        if IS_X86:
            nothing = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, nothing, name), [])
        return context.get_dummy_value()

    return types.void(), generate


@_instruction(_build_pause)
def pause():
    """Tell the processor that this thread only waits."""


def _build_give_way(typing):
    def generate(context, builder, signature, arguments):
        if CAN_YIELD:
            no_arguments = ir.FunctionType(ir.IntType(32), [])
            name = "sched_yield"
            builder.call(cgutils.get_or_insert_function(builder.module, no_arguments, name), [])
        return context.get_dummy_value()

    return types.void(), generate


@_instruction(_build_give_way)
def give_way():
    """Let another thread have this core, if one wants it."""


def _build_prefetch(typing, row, i):
    def generate(context, builder, signature, arguments):
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        shape = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        fetch = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        builder.call(fetch, [place, word(0), word(2), word(1)])  # to read; into L2; as data
        return context.get_dummy_value()

    return types.void(row, types.int64), generate


@_instruction(_build_prefetch)
def prefetch(row, i):
    """Begin to bring ``row[i]`` from memory into the cache; it will be wanted soon."""
