public_headers += \
    %reldir%/likelihood.h \
    %reldir%/net.h \
    %reldir%/options.h

library_sources += \
    %reldir%/likelihood.c \
    %reldir%/motion.c \
    %reldir%/motion.h \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h \
    %reldir%/posterior_hamiltonian.c \
    %reldir%/posterior_hamiltonian.h \
    %reldir%/posterior_ladder.c \
    %reldir%/posterior_ladder.h
