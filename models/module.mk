public_headers += \
    %reldir%/models.h

library_sources += \
    %reldir%/aae.c \
    %reldir%/ae.c \
    %reldir%/beta_tcvae.c \
    %reldir%/beta_vae.c \
    %reldir%/capacity_vae.c \
    %reldir%/ciwae.c \
    %reldir%/classifier.c \
    %reldir%/cvae.c \
    %reldir%/hrq_vae.c \
    %reldir%/hvae.c \
    %reldir%/factor_vae.c \
    %reldir%/iaf_vae.c \
    %reldir%/info_vae.c \
    %reldir%/iwae.c \
    %reldir%/ladder_vae.c \
    %reldir%/maf_vae.c \
    %reldir%/miwae.c \
    %reldir%/mixture_vae.c \
    %reldir%/models.c \
    %reldir%/models_private.h \
    %reldir%/ms_ssim_vae.c \
    %reldir%/pca.c \
    %reldir%/pca.h \
    %reldir%/pca_fit.c \
    %reldir%/piwae.c \
    %reldir%/planar_vae.c \
    %reldir%/poincare_vae.c \
    %reldir%/ppca.c \
    %reldir%/radial_vae.c \
    %reldir%/rae_gp.c \
    %reldir%/rae_l2.c \
    %reldir%/rae_sn.c \
    %reldir%/rhvae.c \
    %reldir%/svae.c \
    %reldir%/vae.c \
    %reldir%/vae_gan.c \
    %reldir%/vamp_vae.c \
    %reldir%/vq_vae.c \
    %reldir%/wae.c
