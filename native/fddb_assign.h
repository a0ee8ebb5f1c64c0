/* The assignment of detections to faces with the largest sum of IoUs, kept up while detections are added one by one.
 *
 * Shortest augmenting paths with potentials (Kuhn, Munkres), one path for each added detection. Sums are exact: IoUs
 * become whole numbers of 2^-60. Of assignments with one sum the one with more pairs above the threshold is taken. */
#ifndef VISION_HARNESS_FDDB_ASSIGN_H
#define VISION_HARNESS_FDDB_ASSIGN_H

#include <stdlib.h>
#include <string.h>

#include "kernels.h"

__extension__ typedef __int128 Wide;

static const double HIT = 0.5;

typedef struct {
    int64_t n_faces;
    int64_t *detection;  /* (n_faces): which detection each face has, -1 for none */
    double *iou;         /* (n_faces, n_faces): the IoUs of that detection with all faces */
    Wide *row_potential; /* (n_faces): of that detection */
    Wide *potential;     /* (n_faces): of the face */
    Wide *slack;         /* (n_faces) */
    int64_t *before;     /* (n_faces): the face before it on the path; -1 is the path's start */
    uint8_t *visited;    /* (n_faces) */
} Assignment;

static Wide cost(double iou) { return -((Wide)(int64_t)(iou * 0x1p60) * 65536 + (iou > HIT)); }

static void free_assignment(Assignment *a) {
    free(a->detection), free(a->iou), free(a->row_potential), free(a->potential);
    free(a->slack), free(a->before), free(a->visited);
    *a = (Assignment){0};
}

/* An assignment without detections; returns whether memory was enough. */
static int start_assignment(Assignment *a, int64_t n_faces) {
    size_t n = (size_t)n_faces;
    free_assignment(a);
    a->n_faces = n_faces;
    a->detection = malloc(n * sizeof *a->detection), a->iou = malloc(n * n * sizeof *a->iou);
    a->row_potential = calloc(n, sizeof(Wide)), a->potential = calloc(n, sizeof(Wide));
    a->slack = malloc(n * sizeof(Wide)), a->before = malloc(n * sizeof *a->before), a->visited = malloc(n);
    for (size_t face = 0; a->detection && face < n; face++) a->detection[face] = -1;
    return a->detection && a->iou && a->row_potential && a->potential && a->slack && a->before && a->visited;
}

/* Lowers the slacks by those of the detection that `from` has (-1: the new one, with its IoUs and potential). */
static void relax(Assignment *a, int64_t from, const double *iou, Wide row_potential) {
    for (int64_t face = 0; face < a->n_faces; face++) {
        if (a->visited[face]) continue;
        Wide reduced = cost(iou[face]) - row_potential - a->potential[face];
        if (a->before[face] != -2 && reduced >= a->slack[face]) continue;
        a->slack[face] = reduced;
        a->before[face] = from;
    }
}

/* The unvisited face with the least slack, the first on a tie; -1 if all have been visited. */
static int64_t nearest_face(const Assignment *a) {
    int64_t best = -1;
    for (int64_t face = 0; face < a->n_faces; face++)
        if (!a->visited[face] && (best < 0 || a->slack[face] < a->slack[best])) best = face;
    return best;
}

static void move_potentials(Assignment *a, Wide by, Wide *new_potential) {
    *new_potential += by;
    for (int64_t face = 0; face < a->n_faces; face++) {
        if (a->visited[face])
            a->row_potential[face] += by, a->potential[face] -= by;
        else
            a->slack[face] -= by;
    }
}

static void take(Assignment *a, int64_t face, int64_t detection, const double *iou, Wide row_potential) {
    a->detection[face] = detection;
    a->row_potential[face] = row_potential;
    memmove(a->iou + face * a->n_faces, iou, (size_t)a->n_faces * sizeof *iou);
}

/* Hands the detections on along the path that ends at `face`, whose own one is left out; the new one enters. */
static void hand_on(Assignment *a, int64_t face, int64_t detection, const double *iou, Wide new_potential) {
    for (int64_t from = a->before[face]; from >= 0; face = from, from = a->before[face])
        take(a, face, a->detection[from], a->iou + from * a->n_faces, a->row_potential[from]);
    take(a, face, detection, iou, new_potential);
}

/* Adds a detection with its IoUs, (n_faces). A detection that goes without a face never gets one later: a path goes
 * through faces only, and a place without a face is always free. */
static void add_detection(Assignment *a, int64_t detection, const double *iou) {
    Wide new_potential = 0, to_none = 0;
    int64_t last = -1, none_before = -1;
    for (int64_t face = 0; face < a->n_faces; face++) a->visited[face] = 0, a->before[face] = -2;
    relax(a, -1, iou, new_potential);
    for (;;) {
        int64_t face = nearest_face(a);
        if (face < 0 || to_none <= a->slack[face]) break;
        Wide by = a->slack[face];
        move_potentials(a, by, &new_potential);
        to_none -= by;
        if (a->detection[face] < 0) {
            hand_on(a, face, detection, iou, new_potential);
            return;
        }
        a->visited[face] = 1;
        last = face;
        relax(a, last, a->iou + last * a->n_faces, a->row_potential[last]);
        if (-a->row_potential[last] < to_none) to_none = -a->row_potential[last], none_before = last;
    }
    move_potentials(a, to_none, &new_potential);
    if (none_before >= 0) hand_on(a, none_before, detection, iou, new_potential);
}

#endif
