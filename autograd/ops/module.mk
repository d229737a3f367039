library_sources += \
    %reldir%/bessel.c \
    %reldir%/conv.c \
    %reldir%/convert.c \
    %reldir%/elementwise.c \
    %reldir%/index.c \
    %reldir%/join.c \
    %reldir%/leaf.c \
    %reldir%/matmul.c \
    %reldir%/movement.c \
    %reldir%/ops.c \
    %reldir%/ops.def \
    %reldir%/random.c \
    %reldir%/reduce.c \
    %reldir%/spd.c \
    %reldir%/sphere.c
