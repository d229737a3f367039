public_headers += \
    %reldir%/allocator.h \
    %reldir%/error.h \
    %reldir%/machine.h \
    %reldir%/tensor.h \
    %reldir%/version.h \
    %reldir%/watch.h

library_sources += \
    %reldir%/bessel.c \
    %reldir%/bessel.h \
    %reldir%/bits.h \
    %reldir%/cholesky.c \
    %reldir%/cholesky.h \
    %reldir%/clones.h \
    %reldir%/convolve.c \
    %reldir%/convolve.h \
    %reldir%/convolve_narrow.c \
    %reldir%/convolve_private.h \
    %reldir%/definite.c \
    %reldir%/definite.h \
    %reldir%/eigen.c \
    %reldir%/eigen.h \
    %reldir%/eigen_large.c \
    %reldir%/elementwise.c \
    %reldir%/elementwise.def \
    %reldir%/elementwise.h \
    %reldir%/elementwise_simd.inc \
    %reldir%/error.c \
    %reldir%/error_private.h \
    %reldir%/lookup.c \
    %reldir%/lookup.h \
    %reldir%/machine.c \
    %reldir%/memory.c \
    %reldir%/memory.h \
    %reldir%/move.c \
    %reldir%/move.h \
    %reldir%/product.c \
    %reldir%/product.h \
    %reldir%/random.c \
    %reldir%/random.h \
    %reldir%/reduce.c \
    %reldir%/reduce.h \
    %reldir%/simd.h \
    %reldir%/sphere.c \
    %reldir%/sphere.h \
    %reldir%/subnormals.h \
    %reldir%/tensor.c \
    %reldir%/text.c \
    %reldir%/text.h \
    %reldir%/threads.c \
    %reldir%/threads.h \
    %reldir%/vectors.c \
    %reldir%/vectors.h \
    %reldir%/version.c \
    %reldir%/vgamma.h \
    %reldir%/vgamma.h \
    %reldir%/vmath.h \
    %reldir%/vmath_avx512.h \
    %reldir%/walk.h \
    %reldir%/watch.c \
    %reldir%/watch_private.h \
    %reldir%/words.c \
    %reldir%/words.h

# The kernels, once for each instruction set; elementwise.c takes the best that the machine has.
kernel_sources = %reldir%/elementwise_simd.c %reldir%/product_dots_simd.c %reldir%/product_placed_simd.c \
    %reldir%/product_simd.c %reldir%/product_sparse_simd.c %reldir%/rows_simd.c
kernel_libraries += %reldir%/libkernels_base.la
%C%_libkernels_base_la_SOURCES = $(kernel_sources)
%C%_libkernels_base_la_CPPFLAGS = $(library_cppflags) -DELBO__ISA=base
%C%_libkernels_base_la_CFLAGS = $(library_cflags)

if X86_64_LEVELS
kernel_libraries += %reldir%/libkernels_avx2.la
%C%_libkernels_avx2_la_SOURCES = $(kernel_sources)
%C%_libkernels_avx2_la_CPPFLAGS = $(library_cppflags) -DELBO__ISA=avx2
%C%_libkernels_avx2_la_CFLAGS = $(library_cflags) -march=x86-64-v3

kernel_libraries += %reldir%/libkernels_avx512.la
%C%_libkernels_avx512_la_SOURCES = $(kernel_sources)
%C%_libkernels_avx512_la_CPPFLAGS = $(library_cppflags) -DELBO__ISA=avx512
%C%_libkernels_avx512_la_CFLAGS = $(library_cflags) -march=x86-64-v4 -mprefer-vector-width=512
endif
