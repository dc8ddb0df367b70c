# The image of server and worker: the pinned environment, the code, and a user without rights.
FROM python:3.13-slim

RUN useradd --system --create-home --home-dir /var/lib/headwater headwater
WORKDIR /opt/headwater

COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --prefer-binary --require-hashes -r requirements.txt

COPY . .
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e .

USER headwater
ENV HEADWATER_DATA=/var/lib/headwater/data HEADWATER_HOST=0.0.0.0 HEADWATER_LOG_FORMAT=json
VOLUME /var/lib/headwater
EXPOSE 8000
ENTRYPOINT ["headwater"]
CMD ["serve"]
