public_headers += \
    %reldir%/likelihood.h \
    %reldir%/net.h \
    %reldir%/options.h

library_sources += \
    %reldir%/likelihood.c \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h
