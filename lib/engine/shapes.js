"use strict";

/**
 * Keeps the shapes of objects, for as long as this module is loaded.
 *
 * What the compiler made of a function stands on the shapes of the objects that it met. The collector
 * takes those that no object has any more, and the compiled code with them: it would be made again
 * for each memory that comes when there is no other.
 */
function keepShapesOf(...objects) {
  kept = [kept, objects];
}

let kept;

module.exports = { keepShapesOf };
