public_headers += \
    %reldir%/distribution.h

library_sources += \
    %reldir%/bernoulli.c \
    %reldir%/beta.c \
    %reldir%/categorical.c \
    %reldir%/continuous_bernoulli.c \
    %reldir%/counts.c \
    %reldir%/discretised_logistic.c \
    %reldir%/distribution.c \
    %reldir%/distribution_private.h \
    %reldir%/independent.c \
    %reldir%/laplace.c \
    %reldir%/levels.c \
    %reldir%/log_normal.c \
    %reldir%/mixture.c \
    %reldir%/ms_ssim.c \
    %reldir%/normal.c \
    %reldir%/ordinal.c \
    %reldir%/power_spherical.c \
    %reldir%/quadrature.c \
    %reldir%/quadrature.h \
    %reldir%/random_draws.c \
    %reldir%/riemannian_normal.c \
    %reldir%/sphere.c \
    %reldir%/squared_error.c \
    %reldir%/von_mises_fisher.c \
    %reldir%/wrapped_normal.c
