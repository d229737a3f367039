public_headers += \
    %reldir%/aggregate.h \
    %reldir%/objective.h \
    %reldir%/optim.h \
    %reldir%/schedule.h

library_sources += \
    %reldir%/mmd.c \
    %reldir%/objective.c \
    %reldir%/optim.c \
    %reldir%/schedule.c \
    %reldir%/shuffle.c \
    %reldir%/total_correlation.c
