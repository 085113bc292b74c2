# Node.js 24 is supported until April 2028. It needs better-sqlite3 13, which brings prebuilt drivers;
# the lock has version 12, which Node.js 20 needs.
FROM node:24.22.3-bookworm AS build
WORKDIR /srv/uniqueid
COPY package.json package-lock.json .npmrc ./
COPY scripts/prepare.js ./scripts/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev
RUN npm install --no-save --omit=dev --ignore-scripts better-sqlite3@13.2.0 \
    && cd node_modules/better-sqlite3 && rm -rf deps src && find prebuilds ! -name 'linux-*' -type f -delete

FROM node:24.22.3-bookworm-slim
LABEL org.opencontainers.image.title="UniqueID" \
      org.opencontainers.image.description="Issues ranges of unique integers" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /srv/uniqueid
COPY package.json LICENSE ./
COPY --from=build /srv/uniqueid/oclif.manifest.json ./
COPY --from=build /srv/uniqueid/node_modules ./node_modules
COPY --from=build /srv/uniqueid/dist ./dist
COPY bin/package.json bin/run.js ./bin/
COPY scripts/docker-entry.sh scripts/docker-health.js ./scripts/
# The package managers of the base are never used again.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
    && ln -s /srv/uniqueid/scripts/docker-entry.sh /usr/local/bin/uniqueid \
    && install --directory --owner=node --group=node /var/lib/uniqueid

# An SQLite database, where one is named (sqliteext:///db.sqlite3), and configuration files are relative to this folder.
WORKDIR /var/lib/uniqueid
VOLUME /var/lib/uniqueid
USER node
EXPOSE 8051
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s \
  CMD ["node", "/srv/uniqueid/scripts/docker-health.js"]
ENTRYPOINT ["uniqueid"]
CMD ["serve"]
