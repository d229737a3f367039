public_headers += \
    %reldir%/corruption.h \
    %reldir%/likelihood.h \
    %reldir%/model.h \
    %reldir%/model_options.h \
    %reldir%/net.h

library_sources += \
    %reldir%/corruption.c \
    %reldir%/likelihood.c \
    %reldir%/model.c \
    %reldir%/model_check.c \
    %reldir%/model_check.h \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h \
    %reldir%/role.h
