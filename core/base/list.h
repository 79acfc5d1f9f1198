/*
 * list.h - an intrusive doubly linked list: the links are members of what is listed.
 * Nothing is allocated, removal needs no search, and one object may stand in several lists.
 */
#ifndef HEARTH_BASE_LIST_H
#define HEARTH_BASE_LIST_H

#include <stdbool.h>

#include "base/compiler.h"

/* A head, or the link inside an object. An object in no list has been list_init-ed or removed. */
typedef struct hearth_list {
    struct hearth_list *next;
    struct hearth_list *prev;
} hearth_list;

static inline void list_init(hearth_list *list)
{
    list->next = list->prev = list;
}

/* Of a head: nothing is in it. Of a link: it is in no list. */
static inline bool list_is_empty(const hearth_list *list)
{
    return list->next == list;
}

static inline void list_insert_before(hearth_list *place, hearth_list *link)
{
    link->prev = place->prev;
    link->next = place;
    place->prev->next = link;
    place->prev = link;
}

static inline void list_push_back(hearth_list *head, hearth_list *link)
{
    list_insert_before(head, link);
}

static inline void list_push_front(hearth_list *head, hearth_list *link)
{
    list_insert_before(head->next, link);
}

/* Harmless on a link that is in no list. */
static inline void list_remove(hearth_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* The first link, taken out, or NULL. */
static inline hearth_list *list_pop_front(hearth_list *head)
{
    if (list_is_empty(head))
        return NULL;
    hearth_list *link = head->next;
    list_remove(link);
    return link;
}

/* Moves everything of `from` to the end of `to`. */
static inline void list_splice_back(hearth_list *to, hearth_list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define HEARTH_LIST_ENTRY(link_, type_, member_) HEARTH_CONTAINER_OF(link_, type_, member_)

/* The body may remove `link_` itself (and free its object), not its neighbours. */
#define HEARTH_LIST_EACH(link_, head_)                                                             \
    for (hearth_list *link_ = (head_)->next, *link_##_next = link_->next; link_ != (head_);        \
         link_ = link_##_next, link_##_next = link_->next)

#endif
