library_sources += \
    %reldir%/check.c \
    %reldir%/compile.c \
    %reldir%/emit.c \
    %reldir%/group.c \
    %reldir%/ir.h \
    %reldir%/place.c \
    %reldir%/print.c \
    %reldir%/run.c \
    %reldir%/shadow.c \
    %reldir%/shadow.h \
    %reldir%/simplify.c \
    %reldir%/stage.c \
    %reldir%/steps.c
