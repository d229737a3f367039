"""The cases of steps.h: which models, and what differs from their defaults."""
import math

# What a case is made of; a case says what differs. What is an option of `vae` has its default here.
DEFAULTS = dict(
    title=None,                  # a name for C
    model="vae",                 # as `elbo models` lists it
    rows=5, image=[12], classes=0, latent=3, draws=1, hidden=[8], activation="relu",
    gain=1.0,                    # the first weights are so much larger
    epoch=5.0,                   # how many are done
    images=40,                   # of the training set
    net="mlp",                   # or conv
    channels=[],                 # of convolutions before the hidden layers, mirrored behind those of the decoder
    posterior="normal",          # or a key of POSTERIORS
    prior="standard",            # or a key of PRIORS
    objective="elbo",            # or a key of OBJECTIVES
    likelihood="bernoulli",      # continuous-bernoulli, gaussian, squared-error or ms-ssim
    variance=0.1,                # of a Gaussian likelihood; where it is learned, what decoder.logvar starts from
    learned_variance="no",       # "shared": one number, decoder.logvar (); "pixel": a layer decoder.logvar
    ssim_window=11,
    spread="logvar",             # what the encoder gives of q's spread; or logstd, softplus (the variance)
    beta=1.0, beta_schedule="constant", warmup=5.0,
    free_bits=0.0,               # what a latent dimension's KL, a mean over the images, counts for at least in the loss
    gradient="standard",         # stl, dreg
    code_activation="identity",  # ae: what follows the layer encoder.code
    tied=False,                  # ae: the decoder's weights are those of the encoder, transposed
    sparsity=0.0,                # ae: weight of KL(rho || mean activation), over all sigmoid units of the encoder
    rho=0.05,
    corruption="none", corruption_level=0.3,  # mask: an input is set to 0 where its noise is below the level
    flow_steps=2, flow_shared=False, flow_hidden=[128, 128],  # planar, radial, iaf, maf
    leapfrog_steps=3, leapfrog_size=0.05, leapfrog_learn="none", tempering=0.3,  # hamiltonian
    metric_hidden=400, metric_size=128, metric_temperature=1.5, metric_lambda=0.01, fixed_points=3,  # riemannian-
    ladder_dims=[8, 16, 32], ladder_hidden=128,  # ladder
    curvature=1.0, isotropic=False, gyroplanes=False,  # wrapped-normal
    codes=512, code_positions=1,  # vq, hrq: rows of a codebook; latent / positions numbers each
    codebook="gradient", code_decay=0.99, code_restart=0.1, commitment=0.25,  # vq
    code_levels=4, code_drop=0.1, code_kl=0.1, code_norm=0.5, code_shrink=1.5,  # hrq
    code_cooling=33.3, code_temperature=0.5,
    components=50,               # mixture, vamp
    estimates=8,                 # miwae, piwae: parts of the draws
    elbo_share=0.5,              # ciwae
    capacity=25.0, capacity_epochs=10.0,  # capacity
    mmd_weight=10.0, mmd_kernel="imq", mmd_bandwidth=1.0,  # mmd, the last two info as well
    info_alpha=0.0, info_lambda=10.0,  # info
    tc_estimator="mss",          # beta-tc: or mws
    tc_alpha=1.0, tc_gamma=1.0,  # beta-tc: weights of the information and of each dimension's KL
    tc_weight=5.0,               # factor: of the total correlation that the discriminator finds
    adversarial_weight=10.0,     # adversarial: of the verdict on codes
    gan_alpha=0.5,               # vae-gan: share of the game in the decoder's loss
    gan_layer=0,                 # vae-gan: whose units are features, from 1; 0: the last
    discriminator_hidden=[256, 256], discriminator_slope=0.2,
    discriminator_lr=0.0,        # 0: that of the training
    discriminator_beta1=0.5, discriminator_beta2=0.9,
    code_penalty=1e-4, gradient_penalty=0.0, decoder_decay=0.0,  # rae
    spectral_norm=False,         # each weight of the decoder is divided by its largest singular value
)

# What models are, as their papers and docs/models.md say: a case that says nothing else holds the model to it.
RAE = dict(posterior="delta", prior="none", objective="rae", likelihood="squared-error", latent=16)
PRESETS = {
    "beta-vae": dict(beta=4.0),
    "capacity-vae": dict(objective="capacity", beta=100.0),
    "ms-ssim-vae": dict(likelihood="ms-ssim", beta=0.01),
    "iwae": dict(objective="iwae", draws=5),
    "miwae": dict(objective="miwae", draws=16, estimates=4),
    "piwae": dict(objective="piwae", draws=16, estimates=4),
    "ciwae": dict(objective="ciwae", draws=5),
    "planar-vae": dict(posterior="planar", flow_steps=5),
    "radial-vae": dict(posterior="radial", flow_steps=5),
    "iaf-vae": dict(posterior="iaf"),
    "maf-vae": dict(posterior="maf"),
    "hvae": dict(posterior="hamiltonian", leapfrog_learn="both"),
    "rhvae": dict(posterior="riemannian-hamiltonian", leapfrog_size=0.001, latent=10),
    "ladder-vae": dict(posterior="ladder", beta_schedule="linear"),
    "svae": dict(posterior="vmf", latent=11),
    "poincare-vae": dict(posterior="wrapped-normal", latent=10, spread="softplus", isotropic=True, gyroplanes=True),
    "vamp-vae": dict(prior="vamp"),
    "mixture-vae": dict(prior="mixture"),
    "wae": dict(posterior="delta", objective="mmd", likelihood="squared-error", latent=8),
    "info-vae": dict(objective="info"),
    "beta-tcvae": dict(objective="beta-tc", beta=6.0),
    "factor-vae": dict(objective="factor"),
    "aae": dict(objective="adversarial", latent=8, discriminator_lr=2e-4),
    "vae-gan": dict(objective="vae-gan", beta=0.05, gan_alpha=0.3, gan_layer=1),
    "vq-vae": dict(posterior="vq", prior="none", likelihood="squared-error", net="conv"),
    "hrq-vae": dict(posterior="hrq", prior="none", likelihood="squared-error", net="conv", codes=64),
    "ae": dict(objective="ae", posterior="delta", prior="none"),
    "rae-l2": dict(RAE, decoder_decay=1e-7),
    "rae-gp": dict(RAE, gradient_penalty=1e-7),
    "rae-sn": dict(RAE, spectral_norm=True),
}

SMALL = dict(rows=3, image=[5], latent=2, hidden=[4], activation="tanh")

CASES = [
    dict(title="vae"),
    dict(title="cvae", model="cvae", classes=4),
    dict(title="deep_cvae", model="cvae", rows=4, image=[7], classes=3, latent=2, draws=3, hidden=[6, 5],
         activation="tanh", likelihood="gaussian", variance=0.25, beta=0.5),
    dict(title="shared_variance", image=[7], draws=2, likelihood="gaussian", variance=0.2, learned_variance="shared"),
    dict(title="pixel_variance", image=[7], likelihood="gaussian", learned_variance="pixel"),
    dict(title="logstd", spread="logstd"),
    dict(title="continuous_bernoulli", likelihood="continuous-bernoulli"),
    dict(title="learned_prior", model="cvae", image=[7], classes=3, latent=2, draws=2, prior="learned"),
    dict(title="free_bits", latent=4, free_bits=0.03, beta=2.0),
    dict(title="tied_ae", model="ae", hidden=[8, 6], activation="tanh", likelihood="squared-error", tied=True),
    dict(title="sparse_ae", model="ae", hidden=[8, 6], activation="sigmoid", code_activation="sigmoid", sparsity=0.5,
         rho=0.1),
    dict(title="masking_ae", model="ae", likelihood="squared-error", corruption="mask"),
    dict(title="vq", model="vq-vae", net="mlp", latent=6, code_positions=3, codes=4, code_restart=0.0),
    dict(title="vq_average", model="vq-vae", net="mlp", latent=4, code_positions=2, codes=3, codebook="average",
         code_decay=0.9, commitment=0.5, code_restart=0.0),
    dict(title="hrq", model="hrq-vae", net="mlp", latent=6, code_positions=2, codes=4, code_levels=3, code_drop=0.3,
         code_shrink=4.0),
    dict(title="rae_gp", model="rae-gp", image=[7], latent=3, activation="tanh", code_penalty=0.2,
         gradient_penalty=0.3),
    dict(title="conv_vae", net="conv", image=[7, 6], channels=[2, 3], hidden=[]),
    dict(title="conv_cvae", model="cvae", net="conv", rows=3, image=[2, 5, 6], classes=3, latent=2, draws=2,
         channels=[2, 3], hidden=[5]),
    dict(title="beta_tcvae", model="beta-tcvae", beta=3.0, tc_alpha=0.5, tc_gamma=2.0),
    dict(title="weighted_beta_tcvae", model="beta-tcvae", image=[7], classes=3, latent=2, draws=2, tc_estimator="mws"),
    dict(title="factor_vae", model="factor-vae", beta=2.0, discriminator_hidden=[6, 5]),
    dict(title="aae", model="aae", image=[7], classes=3, latent=3, draws=2, discriminator_hidden=[6]),
    dict(title="vae_gan", model="vae-gan", gain=1.5, image=[7], classes=3, latent=2, draws=2,
         discriminator_hidden=[6, 5]),
    dict(SMALL, title="beta_vae", model="beta-vae"),
    dict(SMALL, title="capacity_vae", model="capacity-vae"),
    dict(SMALL, title="ms_ssim_vae", model="ms-ssim-vae", image=[6, 7], hidden=[3]),
    dict(SMALL, title="ms_ssim_colour", model="ms-ssim-vae", rows=2, image=[2, 3, 3], draws=2, ssim_window=3),
    dict(SMALL, title="iwae", model="iwae"),
    dict(SMALL, title="iwae_stl", model="iwae", gradient="stl"),
    dict(SMALL, title="iwae_dreg", model="iwae", gradient="dreg"),
    dict(SMALL, title="miwae", model="miwae"),
    dict(SMALL, title="piwae", model="piwae"),
    dict(SMALL, title="piwae_dreg", model="piwae", draws=6, estimates=3, gradient="dreg"),
    dict(SMALL, title="ciwae", model="ciwae"),
    dict(SMALL, title="ciwae_dreg", model="ciwae", classes=2, draws=3, elbo_share=0.3, gradient="dreg"),
    dict(SMALL, title="planar_vae", model="planar-vae", classes=3, latent=4, flow_steps=2, gain=2.0),
    dict(SMALL, title="radial_vae", model="radial-vae", latent=3, flow_shared=True, gain=4.0),
    dict(SMALL, title="radial_of_image", model="radial-vae", latent=3, flow_steps=2),
    dict(SMALL, title="iaf_vae", model="iaf-vae", latent=3, draws=2, flow_hidden=[5]),
    dict(SMALL, title="maf_vae", model="maf-vae", latent=3, flow_shared=True, flow_hidden=[5, 4]),
    dict(SMALL, title="maf_stl", model="maf-vae", classes=2, flow_hidden=[3], gradient="stl"),
    dict(SMALL, title="hvae", model="hvae"),
    dict(SMALL, title="rhvae", model="rhvae", metric_hidden=3, metric_size=4, leapfrog_size=0.1),
    dict(SMALL, title="far_rhvae", model="rhvae", classes=2, draws=2, metric_hidden=3, metric_size=2, leapfrog_size=0.1,
         leapfrog_steps=2, fixed_points=2, metric_lambda=0.3, metric_temperature=1.2, tempering=0.5),
    dict(SMALL, title="ladder_vae", model="ladder-vae", draws=2, hidden=[], ladder_dims=[1, 2, 2], ladder_hidden=3,
         epoch=2.0),
    dict(SMALL, title="ladder_cvae", model="ladder-vae", classes=2, ladder_dims=[2, 3], ladder_hidden=3, warmup=20.0),
    dict(SMALL, title="svae", model="svae", rows=2, latent=3, classes=2, draws=2),
    dict(SMALL, title="poincare_vae", model="poincare-vae", draws=2),
    dict(SMALL, title="flat_poincare_vae", model="poincare-vae", latent=3, classes=2, curvature=0.7, isotropic=False,
         gyroplanes=False, spread="logvar"),
    dict(SMALL, title="vamp_vae", model="vamp-vae", components=3),
    dict(SMALL, title="vamp_cvae", model="vamp-vae", classes=2, draws=2, components=2),
    dict(SMALL, title="mixture_vae", model="mixture-vae", draws=2, components=3),
    dict(SMALL, title="wae", model="wae", rows=4),
    dict(SMALL, title="conditional_wae", model="wae", rows=4, classes=2, mmd_weight=2.0, mmd_kernel="rbf",
         mmd_bandwidth=0.5),
    dict(SMALL, title="info_vae", model="info-vae", rows=4),
    dict(SMALL, title="weighed_info_vae", model="info-vae", draws=2, info_alpha=0.5, info_lambda=3.0),
    dict(SMALL, title="rae_l2", model="rae-l2"),
    dict(SMALL, title="rae_steep", model="rae-gp"),
    dict(SMALL, title="rae_sn", model="rae-sn"),
]


def complete(case):
    """With all that the case does not say; `given` is what it does say."""
    preset = PRESETS.get(case.get("model"), {})
    unknown = {*case, *preset} - set(DEFAULTS)
    assert not unknown, f"{case['title']}: no such option of a case: {unknown}"
    c = {**DEFAULTS, **preset, **case}
    return {**c, "features": math.prod(c["image"]), "given": set(case)}


# Of a case, what is no option of its model.
NO_OPTIONS = ("title", "model", "rows", "image", "classes", "gain", "epoch", "images", "latent",
              "code_positions")


def code_dim(c):
    return c["latent"] // c["code_positions"]


def option_text(value):
    if isinstance(value, list):
        return ",".join(str(n) for n in value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def model_options(c):
    """(name, text) of each option that the case sets; the others are the model's to know."""
    if c["posterior"] in ("vq", "hrq"):
        options = {"code-dim": code_dim(c), "code-positions": c["code_positions"]}
    else:
        options = {} if c["posterior"] == "ladder" else {"latent-dim": c["latent"]}
    if c["classes"] and c["model"] != "cvae":
        options["conditional"] = True
    options["hidden"] = c["hidden"]
    names = {"learned_variance": "learn-variance"}
    keys = [k for k in DEFAULTS if k in c["given"] and k not in NO_OPTIONS]
    options.update({names.get(k, k.replace("_", "-")): c[k] for k in keys})
    return [(name, option_text(value)) for name, value in options.items()]
