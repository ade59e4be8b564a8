"""Residua's views of training images in PyTorch, a whole batch at a time: turned, shifted, mirrored, normalised, blanked out in part."""
import math

import torch


class Views:
    """Nearest neighbour, black outside. One look-up per point goes through shift, mirror and turn at once."""

    def __init__(self, images, mean, deviation, cropPadding, flip, rotation=0, erasing=0, alternateFlip=False, reflectBorder=False):
        count, channels, self.height, self.width = images.shape
        # One more point, black, for all that lies outside.
        flat = images.reshape(count, channels, -1)
        self.flat = torch.cat([flat, torch.zeros(count, channels, 1, dtype=torch.uint8)], 2)
        self.mean, self.deviation = (255 * torch.tensor(each).view(1, -1, 1) for each in (mean, deviation))
        self.padding, self.flip, self.rotation, self.alternates = cropPadding, flip, rotation, alternateFlip
        self.reflects, self.erasing = reflectBorder, erasing
        self.rows, self.columns = torch.arange(self.height).view(1, -1, 1), torch.arange(self.width).view(1, 1, -1)
        # Drawn once: whether an image is mirrored in the odd epochs, or in the even ones.
        self.is_odd = torch.rand(count) < 0.5

    def normalized(self, pixels):
        normal = (pixels.float() - self.mean) / self.deviation
        return normal.view(len(pixels), -1, self.height, self.width)

    def plain(self, indices):
        return self.normalized(self.flat[indices, :, :-1])

    def draw(self, indices, epoch):
        count = len(indices)
        shift = lambda: torch.randint(-self.padding, self.padding + 1, (count, 1, 1))
        columns = self.columns.expand(count, 1, -1)
        if self.alternates or self.flip:
            mirrored = self.is_odd[indices] == (epoch % 2 == 1) if self.alternates else torch.rand(count) < 0.5
            columns = torch.where(mirrored.view(-1, 1, 1), self.width - 1 - columns, columns)
        rows, columns = self.rows + shift(), columns + shift()
        if self.reflects:
            rows, columns = self.reflect(rows, self.height), self.reflect(columns, self.width)
        inside = self.contains(rows, columns)
        if self.rotation:
            angle = (2 * torch.rand(count, 1, 1) - 1) * (self.rotation * math.pi / 180)
            middle_row, middle_column = (self.height - 1) / 2, (self.width - 1) / 2
            y, x = rows - middle_row, columns - middle_column
            sine, cosine = angle.sin(), angle.cos()
            rows = (sine * x + cosine * y + middle_row).round().long()
            columns = (cosine * x - sine * y + middle_column).round().long()
            inside = inside & self.contains(rows, columns)
        places = torch.where(inside, rows * self.width + columns, self.height * self.width).view(count, 1, -1)
        pixels = self.flat[indices].gather(2, places.expand(-1, self.flat.size(1), -1))
        normal = self.normalized(pixels)
        return normal.masked_fill(self.rectangles(count), 0) if self.erasing else normal

    def rectangles(self, count):
        """torchvision's RandomErasing: 2 to 33 % of the image, sides in a ratio of 0.3 to 3.3, the first of ten that fits."""
        area = self.height * self.width * (0.02 + 0.31 * torch.rand(count, 10))
        ratio = torch.exp(math.log(0.3) + math.log(3.3 / 0.3) * torch.rand(count, 10))
        tall, wide = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
        fits = (tall < self.height) & (wide < self.width)
        first = fits.long().argmax(1, keepdim=True)
        tall, wide = tall.gather(1, first), wide.gather(1, first)
        # A place from 0 to what the rectangle leaves.
        draw = lambda extent, side: (torch.rand(count, 1) * (extent - side + 1)).long().view(-1, 1, 1)
        top, left = draw(self.height, tall), draw(self.width, wide)
        tall, wide = tall.view(-1, 1, 1), wide.view(-1, 1, 1)
        inside = (self.rows >= top) & (self.rows < top + tall) & (self.columns >= left) & (self.columns < left + wide)
        drawn = fits.any(1) & (torch.rand(count) < self.erasing)
        return (inside & drawn.view(-1, 1, 1)).unsqueeze(1)

    def reflect(self, places, extent):
        return torch.where(places < extent, places, 2 * (extent - 1) - places).abs()

    def contains(self, rows, columns):
        return (rows >= 0) & (rows < self.height) & (columns >= 0) & (columns < self.width)
