public_headers += \
    %reldir%/corruption.h \
    %reldir%/likelihood.h \
    %reldir%/model.h \
    %reldir%/model_options.h \
    %reldir%/net.h

library_sources += \
    %reldir%/corruption.c \
    %reldir%/in.c \
    %reldir%/likelihood.c \
    %reldir%/loss.c \
    %reldir%/model.c \
    %reldir%/model_check.c \
    %reldir%/model_check.h \
    %reldir%/model_private.h \
    %reldir%/motion.c \
    %reldir%/motion.h \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h \
    %reldir%/players.c \
    %reldir%/posterior_hamiltonian.c \
    %reldir%/posterior_hamiltonian.h \
    %reldir%/role.h
