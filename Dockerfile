# One image for every service; the command says which one runs (docker-compose.yml).
FROM node:20-bookworm-slim AS build
WORKDIR /portcullis
COPY . .
RUN npm ci --no-audit --no-fund && npx tsc -b && npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends iptables ipset nftables conntrack \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /portcullis
COPY --from=build /portcullis .
ENV NODE_ENV=production
