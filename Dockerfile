FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_NO_CACHE=1 \
    PATH="/srv/countersign/.venv/bin:$PATH"

RUN pip install --no-cache-dir uv \
 && useradd --system --no-create-home --shell /usr/sbin/nologin countersign

WORKDIR /srv/countersign

# The libraries first: this layer changes only when pyproject.toml does.
COPY pyproject.toml .python-version ./
RUN uv sync --no-dev

COPY . .
# Collecting needs settings that can be read, not the deployment's secrets.
RUN SECRET_KEY=build PUBLIC_URL=https://build.invalid DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --no-input

USER countersign
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "console.wsgi:application", \
     "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "2"]
