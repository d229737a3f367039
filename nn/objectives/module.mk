public_headers += \
    %reldir%/objective.h \
    %reldir%/optim.h \
    %reldir%/schedule.h

library_sources += \
    %reldir%/objective.c \
    %reldir%/optim.c \
    %reldir%/schedule.c
