# One image for every process: the command says which. Workspaces are links, so the tree is copied as it is.
FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
COPY kit/package.json kit/
COPY legacy-monolith/package.json legacy-monolith/
COPY strangler-proxy/package.json strangler-proxy/
COPY acl-adapters/package.json acl-adapters/
COPY extracted-services/chassis/package.json extracted-services/chassis/
COPY extracted-services/customers/package.json extracted-services/customers/
COPY extracted-services/catalog/package.json extracted-services/catalog/
COPY extracted-services/orders/package.json extracted-services/orders/
COPY extracted-services/storefront/package.json extracted-services/storefront/
COPY migrations/package.json migrations/
COPY migrations/debezium-connector-config/package.json migrations/debezium-connector-config/
COPY console/package.json console/
COPY stack/package.json stack/
COPY demo/package.json demo/
COPY bench/package.json bench/
COPY e2e/package.json e2e/
RUN npm install --no-save --omit=dev --no-audit --no-fund
COPY . .
# A new volume takes over the owner of the folder it is mounted on.
RUN mkdir -p /config /reports /outcomes && chown node:node /config /reports /outcomes
USER node
ENV HOST=0.0.0.0
