"""Settings of gridmgr, from the environment (see docs/deployment.md for the list)."""

import os
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from gridmgr.core import environment

BASE_DIR = environment.ROOT
VAR_DIR = environment.var_dir()
GRIDMGR_VERSION = environment.version()

# ── Safety ────────────────────────────────────────────────────────────────────────────────────────────────

DEBUG = environment.flag("GRIDMGR_DEBUG", default=False)
HTTPS = environment.flag("GRIDMGR_HTTPS", default=False)
SECRET_KEY = environment.secret_key(debug=DEBUG)
# Encrypts vendors' identity numbers; '' leaves it to the file var/identity-key (vendors/domain/keyring.py).
GRIDMGR_IDENTITY_KEY = os.environ.get("GRIDMGR_IDENTITY_KEY", "")
ALLOWED_HOSTS = environment.words("GRIDMGR_ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("GRIDMGR_TRUSTED_ORIGINS")

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY: dict[str, dict[str, list[Any]]] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# ── Applications ──────────────────────────────────────────────────────────────────────────────────────────

INSTALLED_APPS = [
    "gridmgr.core.accounts",
    "gridmgr.core.city",
    "gridmgr.core.layers",
    "gridmgr",
    "gridmgr.desk",
    "gridmgr.core.jobs",
    "gridmgr.intake",
    "gridmgr.register",
    "grids",
    "parking",
    "vendors",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "rules",
    "csp",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "gridmgr.core.accounts.address.ClientAddressMiddleware",  # first: whatever reads an address reads the client's
    "gridmgr.core.pipeline.MonitorMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # masks the length of what it compresses; CSRF tokens are masked anyway
    "gridmgr.core.pipeline.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "gridmgr.core.pipeline.PlainTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "gridmgr.core.pipeline.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "gridmgr.core.accounts.entry.AccountMiddleware",
    "gridmgr.core.accounts.entry.ClosedPagesMiddleware",  # deny by default: a new page is closed
    "django.contrib.messages.middleware.MessageMiddleware",
    "gridmgr.core.accounts.entry.FirstPasswordMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gridmgr.core.pipeline.HistoryMiddleware",
    "gridmgr.core.pipeline.DomainErrorMiddleware",
]

ROOT_URLCONF = "gridmgr.urls"
WSGI_APPLICATION = "gridmgr.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "gridmgr" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "gridmgr.desk.context.site",
            ],
        },
    }
]

# ── Database ──────────────────────────────────────────────────────────────────────────────────────────────

DATABASES = {"default": environment.database()}
# How long a page waits for the database; written into its role by manage.py set_timeouts.
GRIDMGR_STATEMENT_SECONDS = environment.integer("GRIDMGR_STATEMENT_SECONDS", default=15, least=1)
GRIDMGR_LOCK_SECONDS = environment.integer("GRIDMGR_LOCK_SECONDS", default=3, least=1)
GRIDMGR_IDLE_SECONDS = environment.integer("GRIDMGR_IDLE_SECONDS", default=60, least=1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── Space ─────────────────────────────────────────────────────────────────────────────────────────────────

# The one metric CRS in which every geometry is stored; fixed before the first migration.
GRIDMGR_SRID = environment.metric_srid()

# GDAL and GEOS come with the pyogrio and shapely wheels: the same on every machine, and GDAL new enough to be
# kept off the network.
_WHEELS = Path(find_spec("pyogrio").origin).parent.parent  # type: ignore[union-attr, arg-type]
GDAL_LIBRARY_PATH = next(iter(glob(str(_WHEELS / "pyogrio.libs" / "libgdal-*.so*"))), None)
GEOS_LIBRARY_PATH = next(iter(glob(str(_WHEELS / "shapely.libs" / "libgeos_c-*.so*"))), None)
os.environ.setdefault("GDAL_DATA", str(_WHEELS / "pyogrio" / "gdal_data"))
os.environ.setdefault("PROJ_NETWORK", "OFF")

# An XYZ basemap such as Tianditu, off by default: the basemap is drawn from our own roads, water and parks.
BASEMAP_URL = os.environ.get("GRIDMGR_BASEMAP_URL", "")
BASEMAP_ATTRIBUTION = os.environ.get("GRIDMGR_BASEMAP_ATTRIBUTION", "")
if BASEMAP_URL:
    _host = "/".join(BASEMAP_URL.split("/")[:3]).replace("{s}", "*")
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append(_host)

# ── People ────────────────────────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
CSRF_FAILURE_VIEW = "gridmgr.core.accounts.lapsed.csrf_failure"

SESSION_ENGINE = "gridmgr.core.accounts.sessions"
# Failed tries of one name from one address within a quarter of an hour; the other limits follow (gridmgr/core/accounts/tries.py).
GRIDMGR_LOGIN_TRIES = environment.integer("GRIDMGR_LOGIN_TRIES", default=8, least=1)
# Whose X-Forwarded-For is believed. By default a proxy on this machine, as docs/deployment.md sets it up.
GRIDMGR_TRUSTED_PROXIES = environment.networks("GRIDMGR_TRUSTED_PROXIES", default="127.0.0.1,::1")

# ── Languages and time ────────────────────────────────────────────────────────────────────────────────────

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "gridmgr" / "locale"]
TIME_ZONE = "Asia/Shanghai"  # all of China; triggers count days in it
USE_TZ = True

# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "gridmgr.core.scripts.HashedFiles"
    },
}
DEMO_ACCOUNTS = VAR_DIR / "demo-accounts.json"
FILE_UPLOAD_HANDLERS = ["gridmgr.core.uploads.NoUpload"]
# What a backup takes along beside the database: each gives the files below VAR_DIR that the rows of the moment refer to.
GRIDMGR_KEPT_FILES = ["gridmgr.intake.shelf.kept_files", "gridmgr.core.jobs.store.kept_files"]
GRIDMGR_MIN_FREE_MB = environment.integer("GRIDMGR_MIN_FREE_MB", default=300)  # less is said by /healthz
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# ── Jobs ──────────────────────────────────────────────────────────────────────────────────────────────────

# The queue is a table: no further service, and a job is asked for in the transaction of what it is about.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
# For each kind of job the function that does it: make(work: gridmgr.core.jobs.work.Work) -> gridmgr.core.jobs.work.Product.
GRIDMGR_JOBS = {
    "briefing": "gridmgr.briefing.jobs.make",
    "import-read": "gridmgr.intake.work.read",
    "import-preview": "gridmgr.intake.work.preview",
    "import-write": "gridmgr.intake.work.write",
    "import-undo": "gridmgr.intake.work.take_back",
    "register-match": "gridmgr.register.work.match",
    "register-write": "gridmgr.register.work.write",
}
# What the worker does between jobs, besides its own tidying; each is quick, and may be done by several at once.
GRIDMGR_HOUSEKEEPING = ["gridmgr.core.layers.version.fold_changes"]
GRIDMGR_JOBS_EACH = 3  # waiting or running, of one person
GRIDMGR_JOB_DAYS = environment.integer("GRIDMGR_JOB_DAYS", default=7, least=1)  # how long a file is kept
GRIDMGR_JOB_MEMORY_MB = environment.integer("GRIDMGR_JOB_MEMORY_MB", default=1536, least=256)
# Maps drawn, layers written and uploads read in pages' own requests at one time, over all processes; more are asked to wait.
GRIDMGR_HEAVY_AT_ONCE = environment.integer("GRIDMGR_HEAVY_AT_ONCE", default=2, least=1)
GRIDMGR_JOB_MINUTES = environment.integer("GRIDMGR_JOB_MINUTES", default=30, least=1)

# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────

PRODUCT_NAME = _("城市道路网格管理")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# ── Logs ──────────────────────────────────────────────────────────────────────────────────────────────────

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("GRIDMGR_LOG_LEVEL", "WARNING")},
}
