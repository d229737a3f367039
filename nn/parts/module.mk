public_headers += \
    %reldir%/likelihood.h \
    %reldir%/net.h \
    %reldir%/options.h \
    %reldir%/parts.h

library_sources += \
    %reldir%/discriminator.c \
    %reldir%/discriminator.h \
    %reldir%/likelihood.c \
    %reldir%/likelihood_columns.c \
    %reldir%/likelihood_private.h \
    %reldir%/metric.c \
    %reldir%/metric.h \
    %reldir%/motion.c \
    %reldir%/motion.h \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h \
    %reldir%/objective_aggregate.c \
    %reldir%/objective_bound.c \
    %reldir%/objective_players.c \
    %reldir%/objective_rae.c \
    %reldir%/objective_weights.c \
    %reldir%/parts.c \
    %reldir%/parts_private.h \
    %reldir%/posterior_ball.c \
    %reldir%/posterior_codes.c \
    %reldir%/posterior_flow.c \
    %reldir%/posterior_hamiltonian.c \
    %reldir%/posterior_ladder.c \
    %reldir%/posterior_normal.c \
    %reldir%/posterior_riemannian.c \
    %reldir%/posterior_sphere.c \
    %reldir%/prior.c
