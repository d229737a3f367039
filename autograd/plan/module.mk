library_sources += \
    %reldir%/account.c \
    %reldir%/alike.c \
    %reldir%/alike.h \
    %reldir%/check.c \
    %reldir%/compile.c \
    %reldir%/emit.c \
    %reldir%/group.c \
    %reldir%/ir.h \
    %reldir%/order.c \
    %reldir%/page.c \
    %reldir%/page.h \
    %reldir%/place.c \
    %reldir%/print.c \
    %reldir%/print.h \
    %reldir%/print_group.c \
    %reldir%/put.c \
    %reldir%/run.c \
    %reldir%/shadow.c \
    %reldir%/shadow.h \
    %reldir%/simplify.c \
    %reldir%/simplify.h \
    %reldir%/sink.c \
    %reldir%/stage.c \
    %reldir%/stage.h \
    %reldir%/state.c \
    %reldir%/steps.c \
    %reldir%/steps_run.c
