# The whole image has the compiler and the Python that the SQLite driver needs where no prebuilt one can be had.
FROM node:20.20.2-bookworm AS build
WORKDIR /srv/uniqueid
COPY package.json package-lock.json .npmrc ./
COPY scripts/prepare.js ./scripts/
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev
# The SQLite driver runs without what it was compiled from.
RUN cd node_modules/better-sqlite3 && rm -rf deps src \
    && find . -depth \( -name 'obj*' -o -name '*.a' -o -name 'test_extension.node' \) -exec rm -rf {} +

FROM node:20.20.2-bookworm-slim
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
