library_sources += \
    %reldir%/fold.c \
    %reldir%/fold.h \
    %reldir%/json.c \
    %reldir%/program.c \
    %reldir%/program.h
