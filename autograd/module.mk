public_headers += \
    %reldir%/graph.h \
    %reldir%/ops.h \
    %reldir%/params.h \
    %reldir%/plan.h

library_sources += \
    %reldir%/beside.c \
    %reldir%/beside.h \
    %reldir%/cut.c \
    %reldir%/magnitude.c \
    %reldir%/grad.c \
    %reldir%/graph.c \
    %reldir%/interpret.c \
    %reldir%/op.h \
    %reldir%/params.c \
    %reldir%/params_private.h
