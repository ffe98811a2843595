# The server as an image: ports and paths are CoreDNS's, so that a Deployment of it needs another image name only.
FROM node:24-slim AS build
WORKDIR /cairn
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
WORKDIR /
COPY --from=build /cairn/package.json /cairn/package.json
COPY --from=build /cairn/node_modules /cairn/node_modules
COPY --from=build /cairn/dist /cairn/dist
EXPOSE 53 53/udp 8080 8181 9153
# A small young generation keeps the process small; the work of a query is garbage at once either way.
ENTRYPOINT ["node", "/cairn/dist/cli/main.js"]
