public_headers += \
    %reldir%/corruption.h \
    %reldir%/model.h

library_sources += \
    %reldir%/corruption.c \
    %reldir%/in.c \
    %reldir%/loss.c \
    %reldir%/model.c \
    %reldir%/model_check.c \
    %reldir%/model_check.h \
    %reldir%/model_private.h \
    %reldir%/players.c \
    %reldir%/role.h
