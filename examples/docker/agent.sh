#!/bin/sh
# Stands for the program in the image.
echo "agent: the api key has ${#API_KEY} characters"
