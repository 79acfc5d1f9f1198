/*
 * sources.h - where credentials are looked for, as the environment says at the start of the
 * process.
 */
#ifndef STORAGE_DYNAMO_SOURCES_H
#define STORAGE_DYNAMO_SOURCES_H

#include "credentials.h"
#include "secret.h"

struct sources {
    enum credential_source kind; /* never AUTO */
    struct secret_text environment;
    char file[1024];
    char profile[256];
    char url[512];            /* CONTAINER: the whole address; INSTANCE: of the metadata service */
    char authorization[4096]; /* CONTAINER: the header's value, or empty */
    char authorization_file[1024]; /* CONTAINER: read before each fetch */
};

#endif
