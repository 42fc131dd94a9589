#!/bin/sh
# Stands for the program that deploys.
echo "deploy: with the key $AWS_ACCESS_KEY_ID"
test "${#AWS_SECRET_ACCESS_KEY}" -gt 0
test -z "${AWS_ROOT_PASSWORD-}"
